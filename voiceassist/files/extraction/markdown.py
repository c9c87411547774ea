"""Markdown (CommonMark with tables) as a reader would see it, with YAML front matter as metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from voiceassist.files.document import BlockKind, ExtractedDocument, Page
from voiceassist.files.errors import CorruptFile, NoTextFound
from voiceassist.files.extraction.building import PageBuilder
from voiceassist.files.extraction.cleaning import clean_line, clean_text
from voiceassist.files.extraction.metadata import normalise_metadata
from voiceassist.files.extraction.text import decode, title_from_name
from voiceassist.files.limits import Limits

MAX_FRONT_MATTER_CHARACTERS = 100_000
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_UNSEEN_HTML = re.compile(r"<!--.*?-->|<(script|style|template)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^>]*>")


def read_markdown(path: Path, *, name: str, limits: Limits) -> Iterator[ExtractedDocument]:  # noqa: ARG001 - one shape for all readers
    """Yield the one document in a Markdown file. Raises CorruptFile (front matter), NoTextFound."""
    source, metadata = decode(path.read_bytes(), name=name)
    front, body = split_front_matter(source, name=name)
    pages = _pages(body)
    if not any(page.text for page in pages):
        raise NoTextFound(name)
    title = clean_line(str(front.pop("title", "") or "")) or _first_heading(pages) or title_from_name(name)
    yield ExtractedDocument(title=title, pages=pages, metadata={**metadata, **normalise_metadata(front)})


def split_front_matter(source: str, *, name: str) -> tuple[dict[str, Any], str]:
    """Return the front matter and the text after it.

    Aliases are refused: a few lines of them expand without bound. Raises CorruptFile when it is not a mapping.
    """
    match = _FRONT_MATTER.match(source)
    if match is None:
        return {}, source
    if len(match[1]) > MAX_FRONT_MATTER_CHARACTERS:
        raise CorruptFile(name, "has front matter that is too long")
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(match[1], Loader=yaml.SafeLoader)):
            raise CorruptFile(name, "uses YAML aliases in its front matter, which are not accepted")
        front = yaml.safe_load(match[1])
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CorruptFile(name, "has front matter that is not valid YAML") from error
    if not isinstance(front, Mapping | None):
        return {}, source
    return {str(key): value for key, value in (front or {}).items()}, source[match.end() :]


def _pages(body: str) -> tuple[Page, ...]:
    parser = MarkdownIt("commonmark", {"maxNesting": 50}).enable("table")
    writer = _Writer()
    for token in parser.parse(body):
        writer.take(token)
    return writer.builder.finish()


def _first_heading(pages: tuple[Page, ...]) -> str:
    for page in pages:
        for block in page.blocks:
            if block.kind is BlockKind.HEADING:
                return page.text[block.start : block.end]
    return ""


class _Writer:
    """Turns markdown-it's flat token stream into blocks."""

    def __init__(self) -> None:
        self.builder = PageBuilder()
        self._markers: list[tuple[str, int]] = []  # open lists: ("" for bullets, or the delimiter), next number
        self._item_marker = ""
        self._heading_level = 0
        self._row: list[str] = []
        self._in_table = False
        self._in_header = False

    def take(self, token: Token) -> None:
        handler = getattr(self, f"_{token.type}", None)
        if handler is not None:
            handler(token)

    def _heading_open(self, token: Token) -> None:
        self._heading_level = int(token.tag[1])

    def _heading_close(self, _token: Token) -> None:
        self._heading_level = 0

    def _bullet_list_open(self, _token: Token) -> None:
        self._markers.append(("", 0))

    def _ordered_list_open(self, token: Token) -> None:
        self._markers.append((token.markup or ".", int(token.attrGet("start") or 1)))

    def _bullet_list_close(self, _token: Token) -> None:
        self._markers.pop()

    _ordered_list_close = _bullet_list_close

    def _list_item_open(self, _token: Token) -> None:
        delimiter, number = self._markers[-1]
        self._item_marker = f"{number}{delimiter}" if delimiter else "•"
        self._markers[-1] = (delimiter, number + 1)

    def _thead_open(self, _token: Token) -> None:
        self._in_header = True

    def _thead_close(self, _token: Token) -> None:
        self._in_header = False

    def _table_open(self, _token: Token) -> None:
        self._in_table = True

    def _table_close(self, _token: Token) -> None:
        self._in_table = False
        self.builder.end_table()

    def _tr_open(self, _token: Token) -> None:
        self._row = []

    def _tr_close(self, _token: Token) -> None:
        (self.builder.table_header if self._in_header else self.builder.table_row)(self._row)

    def _inline(self, token: Token) -> None:
        text = clean_text(_inline_text(token.children or [])).strip()
        if self._in_table:
            self._row.append(text)
        elif self._heading_level:
            self.builder.heading(text, self._heading_level)
        elif self._markers:
            self.builder.list_item(text, marker=self._item_marker, level=len(self._markers))
            self._item_marker = ""
        else:
            self.builder.paragraph(text)

    def _fence(self, token: Token) -> None:
        self.builder.paragraph(clean_text(token.content))

    _code_block = _fence

    def _html_block(self, token: Token) -> None:
        self.builder.paragraph(clean_text(_TAG.sub(" ", _UNSEEN_HTML.sub(" ", token.content))))


def _inline_text(tokens: list[Token]) -> str:
    """Return what is seen: link texts and image descriptions, no addresses, no tags."""
    parts: list[str] = []
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            parts.append(token.content)
        elif token.type == "image":
            parts.append(_inline_text(token.children or []))
        elif token.type == "softbreak":
            parts.append(" ")
        elif token.type == "hardbreak" or (token.type == "html_inline" and token.content.lower().startswith("<br")):
            parts.append("\n")
    return "".join(parts)
