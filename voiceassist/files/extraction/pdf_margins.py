"""Running headers, footers and page numbers: what repeats at the edges of pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from voiceassist.files.extraction.pdf_words import Word

MARGIN_SHARE = 0.11  # of the page's height, at the top and at the bottom
EDGE_ROWS = 3
_PAGE_NUMBER = re.compile(
    r"(?:page|p\.|seite)?\s*[-–—|]?\s*(?:\d{1,4}|[ivxlc]{1,6})\s*(?:(?:of|/|von)\s*\d{1,4})?\s*[-–—|]?",
    re.IGNORECASE,
)

Row = Sequence[Word]


def without_running_lines(
    pages: Sequence[Sequence[Row]], bounds: Sequence[tuple[float, float]], *, body_size: float
) -> list[list[Row]]:
    """Return the rows of each page without headers, footers and page numbers.

    `bounds` holds the bottom and top of each page, in points. A line counts as running when it stands at the edge of at
    least three pages (two, in a document of up to four), numbers aside, and is not much larger than running text.
    """
    needed = 2 if len(pages) <= 4 else 3
    edges = [_edge_rows(rows, *edge, body_size * 1.3) for rows, edge in zip(pages, bounds, strict=True)]
    seen = Counter(signature for rows in edges for signature in {_signature(row) for row in rows})
    kept: list[list[Row]] = []
    for rows, edge in zip(pages, edges, strict=True):
        dropped = {id(row) for row in edge if seen[_signature(row)] >= needed or _is_page_number(row)}
        kept.append([row for row in rows if id(row) not in dropped])
    return kept


def _edge_rows(rows: Sequence[Row], bottom: float, top: float, max_size: float) -> list[Row]:
    margin = (top - bottom) * MARGIN_SHARE
    first = [row for row in rows[:EDGE_ROWS] if row[0].baseline > top - margin]
    last = [row for row in rows[-EDGE_ROWS:] if row[0].baseline < bottom + margin]
    edge = [*first, *(row for row in last if not any(row is other for other in first))]
    return [row for row in edge if max(word.size for word in row) <= max_size]


def _text(row: Row) -> str:
    return " ".join(word.text for word in row)


def _signature(row: Row) -> str:
    return re.sub(r"[\d\W_]+", " ", _text(row)).strip().lower() or "#"


def _is_page_number(row: Row) -> bool:
    return _PAGE_NUMBER.fullmatch(_text(row).strip()) is not None
