"""Put pieces of text together into pages whose blocks know where they stand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from voiceassist.files.document import Block, BlockKind, Page
from voiceassist.files.extraction.paging import cut_page, cut_text

# Kinds that follow each other line by line; everything else is set apart by a blank line.
_RUNS = frozenset({BlockKind.LIST_ITEM, BlockKind.TABLE_ROW, BlockKind.REFERENCE})
MAX_TITLE_CHARACTERS = 1000  # of a title above other blocks; a "heading" may be a whole chapter
_REFERENCE_TITLE = re.compile(
    r"(?:[\dIVX]+[.)]?\s+)?(?:list of\s+)?(?:references?|bibliography|works cited|literature(?: cited)?)"
    r"(?:\s+list)?:?",
    re.IGNORECASE,
)


class PageBuilder:
    """Collects blocks page after page. Headings reach over page ends.

    Texts must be cleaned before they come here (see `cleaning`). Long pages are cut into several (see `paging`),
    unless `keep_pages`: the numbers are then those printed in the source.
    """

    def __init__(self, *, keep_pages: bool = False) -> None:
        self._keep_pages = keep_pages
        self._finished: list[Page] = []
        self._headings: list[tuple[int, str]] = []
        self._table_header = ""
        self._start_page()

    def _start_page(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []

    @property
    def heading_path(self) -> tuple[str, ...]:
        """Titles above the next block, outermost first."""
        return tuple(title for _level, title in self._headings)

    @property
    def has_text(self) -> bool:
        """Whether the page under way holds any block."""
        return bool(self._blocks)

    @property
    def in_references(self) -> bool:
        """Whether the innermost heading, or one above it, opens a list of references."""
        return any(_REFERENCE_TITLE.fullmatch(title) for title in self.heading_path)

    def heading(self, text: str, level: int) -> None:
        """Add a heading. `level` is 1 for the highest."""
        title = " ".join(text.split())
        if not title:
            return
        self._headings = [pair for pair in self._headings if pair[0] < level]
        self._headings.append((level, title[:MAX_TITLE_CHARACTERS]))
        self._add(BlockKind.HEADING, title, level=level)

    def paragraph(self, text: str) -> None:
        """Add a paragraph, or a reference when under a title such as "References"."""
        self._add(BlockKind.REFERENCE if self.in_references else BlockKind.PARAGRAPH, text)

    def list_item(self, text: str, *, marker: str = "•", level: int = 1) -> None:
        """Add a list item. Its marker is in the page's text, and outside the block."""
        kind = BlockKind.REFERENCE if self.in_references else BlockKind.LIST_ITEM
        lead = f"{'  ' * (level - 1)}{marker} " if marker else ""
        self._add(kind, text, lead=lead, level=level if kind is BlockKind.LIST_ITEM else 0)

    def table_header(self, cells: Sequence[str]) -> None:
        """Add the header row of a table; the rows after it carry it as the last title of their path."""
        self.end_table()
        self.table_row(cells)
        self._table_header = " | ".join(cell for cell in cells if cell)[:MAX_TITLE_CHARACTERS]

    def table_row(self, cells: Sequence[str]) -> None:
        """Add a row: cells separated by a tab, each on one line."""
        line = "\t".join(" ".join(cell.split()) for cell in cells).rstrip("\t")
        extra = (self._table_header,) if self._table_header else ()
        self._add(BlockKind.TABLE_ROW, line, path=(*self.heading_path, *extra), strip=False)

    def end_table(self) -> None:
        """Forget the header row, and set the next table apart."""
        self._table_header = ""

    def end_page(self) -> None:
        """Close the page, even an empty one."""
        text = "".join(self._parts)
        pages = [(text, tuple(self._blocks))] if self._keep_pages else cut_page(text, self._blocks)
        for part, blocks in pages:
            self._finished.append(Page(number=len(self._finished) + 1, text=part, blocks=blocks))
        self._start_page()

    def finish(self) -> tuple[Page, ...]:
        """Close the last page unless it is empty, and return all pages."""
        if self._blocks or not self._finished:
            self.end_page()
        return tuple(self._finished)

    def _add(
        self,
        kind: BlockKind,
        text: str,
        *,
        level: int = 0,
        lead: str = "",
        path: tuple[str, ...] | None = None,
        strip: bool = True,
    ) -> None:
        body = text.strip() if strip else text
        if not body.strip():
            return
        if kind is not BlockKind.TABLE_ROW:
            self.end_table()
        for part in [body] if self._keep_pages else cut_text(body):
            self._write(self._separator(kind) + lead)
            start = self._length
            self._write(part)
            self._blocks.append(Block(kind, start, self._length, level, self.heading_path if path is None else path))
            lead = ""

    def _separator(self, kind: BlockKind) -> str:
        if not self._blocks:
            return ""
        return "\n" if kind in _RUNS and self._blocks[-1].kind is kind else "\n\n"

    def _write(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
