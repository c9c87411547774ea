"""An answer's Markdown as safe HTML, with its citation markers and the support mark of every sentence.

Markers and sentences are known by offsets in the stored text. Before the Markdown is read, placeholders made of
private-use characters are put at these offsets; after the HTML has been sanitised they are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import nh3
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACEHOLDER = re.compile(f"{_OPEN}([mbe])(\\d+){_CLOSE}")
_MARKER = re.compile(r"[ \t]?\[(\d{1,3})\]")
_BLOCK_LEAD = re.compile(r"(?:\s|>|#{1,6}\s|[-*+]\s|\d{1,3}[.)]\s|\|)*")
_CELL_END = re.compile(r"(?<=\S)\t(?=\S)")  # in a quoted row of a table
_TAG = re.compile(r"<(/?)([a-z0-9]+)[^>]*>")
_INLINE = {"em", "strong", "code", "sup", "sub", "a", "span"}
_TAGS = {
    *("p", "br", "hr", "em", "strong", "code", "pre", "blockquote", "ul", "ol", "li", "h3", "h4"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
_parser = (
    MarkdownIt("commonmark", {"html": False, "maxNesting": 30})
    .enable("table")
    .disable(["link", "image", "autolink", "html_inline", "html_block", "reference"])
)

WORDS = {
    "supported": "Supported by this passage",
    "related": "Related passage",
    "none": "No support found",
}


@dataclass(frozen=True, slots=True)
class Marker:
    """Where a citation marker leads, and its accessible name."""

    number: int
    url: str
    name: str


@dataclass(frozen=True, slots=True)
class Support:
    """What was found for one sentence of the answer: half-open offsets in its text."""

    start: int
    end: int
    verdict: str
    reason: str

    @property
    def words(self) -> str:
        """The verdict as it is said on screen, with its reason."""
        reason = self.reason[:1].upper() + self.reason[1:]
        return f"{WORDS[self.verdict]}. {reason}".strip() if reason else f"{WORDS[self.verdict]}."


def supports(rows: Iterable[Sequence[object]]) -> list[Support]:
    """Read the rows of `Message.support`; rows that make no sense are left out."""
    found = []
    for start, end, verdict, reason in rows:
        if isinstance(start, int) and isinstance(end, int) and start < end and verdict in WORDS:
            found.append(Support(start, end, str(verdict), str(reason)))
    return found


def render(text: str, *, markers: Mapping[int, Marker], marks: Sequence[Support] = ()) -> SafeString:
    """Return the answer as HTML: no links, images or markup of its own, headings below the question's."""
    clean = text.replace(_OPEN, "\ufffd").replace(_CLOSE, "\ufffd")
    tokens = _parser.parse(_with_placeholders(clean, markers, marks))
    _lower_headings(tokens)
    html = nh3.clean(_parser.renderer.render(tokens, _parser.options, {}), tags=_TAGS, attributes={})
    return mark_safe(_replace(_sentences(html, marks), markers))  # noqa: S308 (sanitised above; the rest is escaped)


def _with_placeholders(text: str, markers: Mapping[int, Marker], marks: Sequence[Support]) -> str:
    """Put a placeholder for each marker and each end of a sentence; the text between them is untouched."""
    edits = [(m.start(), m.end(), f"m{m[1]}") for m in _MARKER.finditer(text) if int(m[1]) in markers]
    for number, mark in enumerate(marks):
        if mark.end > len(text):
            continue
        lead = _BLOCK_LEAD.match(text, mark.start, mark.end)
        start = lead.end() if lead else mark.start
        edits += [(start, start, f"b{number}"), (mark.end, mark.end, f"e{number}")]
    return _CELL_END.sub(" · ", "".join(_edited(text, sorted(edits, key=_order))))


def _order(edit: tuple[int, int, str]) -> tuple[int, int]:
    """At the same place a sentence ends before a marker, and a marker stands before the next sentence."""
    return edit[0], "emb".index(edit[2][0])


def _edited(text: str, edits: Iterable[tuple[int, int, str]]) -> Iterator[str]:
    position = 0
    for start, end, name in edits:
        if start > position:
            yield text[position:start]
        position = max(position, end)
        yield f"{_OPEN}{name}{_CLOSE}"
    yield text[position:]


def _lower_headings(tokens: Iterable[Token]) -> None:
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h3" if token.tag in {"h1", "h2"} else "h4"


def _sentences(html: str, marks: Sequence[Support]) -> str:
    """Put a mark in front of every sentence, and an element around those that lie inside one block."""
    for number, mark in enumerate(marks):
        begin, end = (f"{_OPEN}{kind}{number}{_CLOSE}" for kind in "be")
        before, found, rest = html.partition(begin)
        if not found:
            continue
        inside, _, after = rest.partition(end)
        button = _support_button(number, mark)
        if _is_balanced(inside):
            html = f'{before}<span class="sentence">{button}{inside}</span>{after}'
        else:
            html = f"{before}{button}{inside}{after}"
    return html


def _is_balanced(html: str) -> bool:
    open_tags: list[str] = []
    for closing, name in _TAG.findall(html):
        if name not in _INLINE:
            return False
        if not closing:
            open_tags.append(name)
        elif not open_tags or open_tags.pop() != name:
            return False
    return not open_tags


def _support_button(number: int, mark: Support) -> SafeString:
    return format_html(
        '<button type="button" class="support support-{}" aria-label="Sentence {}: {}">'
        '<span class="support-note" aria-hidden="true"><b>{}</b>{}</span></button>',
        mark.verdict,
        number + 1,
        mark.words,
        WORDS[mark.verdict],
        mark.reason[:1].upper() + mark.reason[1:],
    )


def _replace(html: str, markers: Mapping[int, Marker]) -> str:
    def marker(match: re.Match[str]) -> str:
        kind, number = match[1], int(match[2])
        return _marker_link(markers[number]) if kind == "m" and number in markers else ""

    return _PLACEHOLDER.sub(marker, html)


def _marker_link(marker: Marker) -> SafeString:
    return format_html(
        '<a class="cite" href="{0}" hx-get="{0}" hx-target="#evidence" data-citation="{1}" aria-label="{2}">{1}</a>',
        marker.url,
        marker.number,
        marker.name,
    )
