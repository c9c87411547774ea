"""A page's text, cut into what is shown in one way, and grouped for the template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

Span = tuple[int, int]
NOWHERE: Span = (0, 0)
_PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*\n))*")
_LISTED = {"list_item", "reference"}


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of a page's text that is shown in one way."""

    text: str
    in_passage: bool = False
    in_quote: bool = False
    starts_quote: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One block of a page. `lead` is the text between it and the block before: blank lines, a list marker.

    A table row has several cells, parted by one tab each; every other part has one.
    """

    kind: str
    lead: str
    cells: tuple[tuple[Segment, ...], ...]
    level: int = 0
    path: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The part's own slice of the page's text."""
        return "\t".join("".join(segment.text for segment in cell) for cell in self.cells)

    @property
    def marker(self) -> str:
        """The list marker in front of the part, if any."""
        return self.lead.strip()

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The only cell of a part that is not a table row."""
        return self.cells[0]


def split_page(
    text: str, blocks: Iterable[Sequence[Any]], *, passage: Span = NOWHERE, quote: Span = NOWHERE
) -> list[Part]:
    """Cut a page into parts: leads and texts joined in order are `text`, up to the white space at its end.

    `blocks` are rows of `Page.blocks`; `passage` and `quote` are half-open offsets, or NOWHERE.
    Blocks that overlap or lie outside are left out, and text outside all blocks becomes paragraphs.
    """
    parts: list[Part] = []
    shown = 0
    for kind, start, end, level, path in _covering(text, blocks):
        spans = _cell_spans(text, start, end) if kind == "table_row" else [(start, end)]
        cells = tuple(_segments(text, span, passage=passage, quote=quote) for span in spans)
        parts.append(Part(kind, text[shown:start], cells, level, path))
        shown = end
    return parts


def _covering(text: str, blocks: Iterable[Sequence[Any]]) -> Iterator[tuple[str, int, int, int, tuple[str, ...]]]:
    """Yield the usable blocks in order, and a paragraph for each text between them that would be lost."""
    position = 0
    for kind, start, end, level, path in sorted(blocks, key=lambda block: block[1]):
        if not position <= start < end <= len(text):
            continue
        if kind not in _LISTED:
            yield from _paragraphs(text, position, start)
        yield str(kind), start, end, int(level), tuple(path)
        position = end
    yield from _paragraphs(text, position, len(text))


def _paragraphs(text: str, start: int, end: int) -> Iterator[tuple[str, int, int, int, tuple[str, ...]]]:
    for match in _PARAGRAPH.finditer(text, start, end):
        yield "paragraph", match.start(), match.start() + len(match[0].rstrip()), 0, ()


def _cell_spans(text: str, start: int, end: int) -> list[Span]:
    spans = []
    for cell in text[start:end].split("\t"):
        spans.append((start, start + len(cell)))
        start += len(cell) + 1
    return spans


def _segments(text: str, span: Span, *, passage: Span, quote: Span) -> tuple[Segment, ...]:
    start, end = span
    inner = sorted({cut for cut in (*passage, *quote) if start < cut < end})
    edges = [start, *inner, end]
    return tuple(
        Segment(
            text=text[a:b],
            in_passage=_inside(a, b, passage),
            in_quote=_inside(a, b, quote),
            starts_quote=_inside(a, b, quote) and not text[quote[0] : a].strip(),
        )
        for a, b in pairwise(edges)
    )


def _inside(start: int, end: int, span: Span) -> bool:
    return span[0] <= start < end <= span[1]


def find_span(text: str, *, start: int, end: int, expected: str) -> Span:
    """Return where `expected` stands in `text`: as stored if that holds, else where it is now, else NOWHERE."""
    if expected and text[start:end] == expected:
        return start, end
    found = text.find(expected) if expected else -1
    return (found, found + len(expected)) if found >= 0 else NOWHERE


@dataclass(frozen=True, slots=True)
class TableRow:
    cells: tuple[tuple[Segment, ...], ...]
    is_header: bool


@dataclass(frozen=True, slots=True)
class PageBlock:
    """A heading, a paragraph, a list or a table, ready to be shown."""

    kind: str
    level: int = 0
    segments: tuple[Segment, ...] = ()
    items: tuple[Part, ...] = ()
    rows: tuple[TableRow, ...] = ()


def page_blocks(parts: Iterable[Part], *, title: str = "") -> list[PageBlock]:
    """Group list items into lists and rows into tables. A heading that repeats `title` is left out."""
    blocks: list[PageBlock] = []
    shown = [part for part in parts if part.kind != "heading" or part.text != title]
    for kind, group in groupby(shown, key=_group_kind):
        if kind == "list":
            blocks.append(PageBlock(kind, items=tuple(group)))
        elif kind == "table":
            blocks.extend(_tables(list(group)))
        else:
            blocks.extend(PageBlock(kind, min(part.level, 3), part.segments) for part in group)
    return blocks


def _group_kind(part: Part) -> str:
    if part.kind in _LISTED:
        return "list"
    return "table" if part.kind == "table_row" else part.kind


def _tables(parts: Sequence[Part]) -> list[PageBlock]:
    """Start a new table at every header row."""
    tables: list[list[TableRow]] = []
    width = max(len(part.cells) for part in parts)
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        is_header = following is not None and _is_header(part, following)
        if is_header or not tables:
            tables.append([])
        padding = ((Segment(""),),) * (width - len(part.cells))
        tables[-1].append(TableRow((*part.cells, *padding), is_header))
    return [PageBlock("table", rows=tuple(rows)) for rows in tables]


def _is_header(part: Part, following: Part) -> bool:
    """A header row is named by the last title in the path of the row below it."""
    name = " | ".join(cell for cell in part.text.split("\t") if cell)
    return bool(following.path) and following.path[-1] == name and part.path[-1:] != following.path[-1:]
