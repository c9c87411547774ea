"""Where words stand on a page: rows, columns and tables, from geometry alone.

All lengths are points, y grows upwards. Rows are read off by baselines, columns by a gutter that long lines on both
sides respect (a projection profile, as in Nagy's X-Y cut), tables by runs of rows that hold several cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from voiceassist.files.extraction.pdf_grids import grids_of
from voiceassist.files.extraction.pdf_words import Line, Rule, Segment, Table, Word

CELL_GAP = 1.15  # of the font size: a wider gap parts two cells or columns
MIN_COLUMN_LINES = 5
MIN_COLUMN_WORDS = 4
MAX_CROSSING_SHARE = 0.6
STRETCHED_SHARE = 0.4  # of the widest space in a justified line, for the narrowest
MARKER = re.compile(r"^(?:[•◦▪‣·●○■□–›»*-]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|[ivx]{1,4}[.)])$")


@dataclass(slots=True)
class Region:
    """Lines of one column between full-width lines, top to bottom, tables in their place."""

    items: list[Line | Table] = field(default_factory=list)


def rows_of(words: Iterable[Word]) -> list[list[Word]]:
    """Group words by baseline, top to bottom, each row left to right. Raised and lowered signs join their row."""
    rows: list[list[Word]] = []
    reference: Word | None = None
    for word in sorted(words, key=lambda word: (-word.baseline, word.x0)):
        if reference is not None and _same_row(reference, word):
            rows[-1].append(word)
            reference = max(reference, word, key=lambda candidate: candidate.size)
        else:
            rows.append([word])
            reference = word
    return [sorted(row, key=lambda word: word.x0) for row in rows]


def _same_row(reference: Word, word: Word) -> bool:
    larger, smaller = max(reference.size, word.size), min(reference.size, word.size)
    allowed = 0.55 * larger if smaller < 0.8 * larger else 0.25 * larger
    return abs(reference.baseline - word.baseline) <= allowed


def segments_of(row: Sequence[Word]) -> list[Segment]:
    """Split a row at wide gaps, but not behind a list marker."""
    groups: list[list[Word]] = []
    for word in row:
        last = groups[-1][-1] if groups else None
        if last is not None and word.x0 - last.x1 <= _allowed_gap(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    return [Segment(tuple(group)) for group in groups]


def _allowed_gap(group: Sequence[Word], word: Word) -> float:
    size = max(word.size, group[-1].size)
    return size * (3.5 if len(group) == 1 and MARKER.match(group[0].text) else CELL_GAP)


def regions_of(rows: Sequence[Sequence[Word]], rules: Sequence[Rule] = ()) -> list[Region]:
    """Return the regions of a page in reading order."""
    lines, loose = _drawn_tables(rows, rules)
    lines += [Line(tuple(segments_of(row))) for row in loose]
    lines.sort(key=lambda line: -line.baseline)
    return [_with_tables(group) for group in _in_columns(lines, depth=0) if group]


def _drawn_tables(rows: Sequence[Sequence[Word]], rules: Sequence[Rule]) -> tuple[list[Line], list[Sequence[Word]]]:
    """Return tables that are drawn as a grid, each as one line, and the rows of words outside of them."""
    tables: list[Line] = []
    loose: list[Sequence[Word]] = list(rows)
    for grid in grids_of(rules):
        inside = [part for row in loose if (part := [word for word in row if grid.holds(word)])]
        if sum(map(len, inside)) < 2:
            continue
        loose = [part for row in loose if (part := [word for word in row if not grid.holds(word)])]
        words = tuple(word for row in inside for word in row)
        tables.append(Line((Segment(words),), grid=grid.table(inside)))
    return tables, loose


def _in_columns(lines: list[Line], depth: int) -> Iterator[list[Line]]:
    gutter = find_gutter(lines) if depth < 3 else None
    if gutter is None:
        yield lines
        return
    band: list[Line] = []
    spanning: list[Line] = []
    zone = _table_zone(lines)
    for index, line in enumerate(lines):
        if index in zone or _spans(line, gutter):
            yield from _columns(band, gutter, depth)
            band = []
            spanning.append(line)
        else:
            if spanning:
                yield spanning
                spanning = []
            band.append(line)
    yield from _columns(band, gutter, depth)
    if spanning:
        yield spanning


def _columns(band: list[Line], gutter: float, depth: int) -> Iterator[list[Line]]:
    left = [Line(part, line.grid) for line in band if (part := tuple(s for s in line.segments if s.x1 <= gutter + 1))]
    right = [Line(part, line.grid) for line in band if (part := tuple(s for s in line.segments if s.x1 > gutter + 1))]
    for side in (left, right):
        if side:
            yield from _in_columns(side, depth + 1)


def _spans(line: Line, gutter: float) -> bool:
    """Tell whether text, or a drawn table, stands across the gutter."""
    return any(segment.x0 < gutter - 1 and segment.x1 > gutter + 1 for segment in line.segments)


def is_cell_row(line: Line) -> bool:
    """Tell whether a line looks like a row of figures: three cells or more, all but the first short."""
    return len(line.segments) > 2 and all(
        len(segment.words) < MIN_COLUMN_WORDS or all(_is_number(word.text) for word in segment.words)
        for segment in line.segments[1:]
    )


def _table_zone(lines: Sequence[Line]) -> set[int]:
    """Return the indexes of lines that belong to rows of figures: these and the labels set between them."""
    rows = [index for index, line in enumerate(lines) if is_cell_row(line)]
    zone: set[int] = set()
    for upper, lower in pairwise(rows):  # one such row alone is text with stretched spaces
        if lines[upper].baseline - lines[lower].baseline <= 4 * lines[upper].size:
            zone |= {upper, lower}
    for step in (1, -1):
        order = range(len(lines)) if step == 1 else range(len(lines) - 1, -1, -1)
        for index in order:
            before = index - step
            if before in zone and index not in zone:
                gap = abs(lines[before].baseline - lines[index].baseline)
                if gap <= 0.8 * min(lines[before].size, lines[index].size):
                    zone.add(index)
    return zone


def find_gutter(lines: Sequence[Line]) -> float | None:
    """Return the x of the gutter between two columns of running text, or None."""
    segments = [segment for line in lines if line.grid is None for segment in line.segments]
    if len(segments) < 2 * MIN_COLUMN_LINES:
        return None
    low, high = min(s.x0 for s in segments), max(s.x1 for s in segments)
    width = high - low
    candidates = [
        (crossing, abs(x - (low + high) / 2), x)
        for x in (low + width * step / 100 for step in range(20, 81))
        if (crossing := _crossings(segments, x)) is not None
    ]
    if not candidates:
        return None
    fewest = min(candidates)[0]
    run = [x for crossing, _off, x in candidates if crossing == fewest]
    return run[len(run) // 2]


def _crossings(segments: Sequence[Segment], x: float) -> int | None:
    """Count segments across `x`, or return None when `x` does not part two columns of text."""
    left = [s for s in segments if s.x1 <= x + 1]
    right = [s for s in segments if s.x0 >= x - 1]
    crossing = len(segments) - len(left) - len(right)
    if crossing > MAX_CROSSING_SHARE * len(segments):
        return None
    if not (_is_running_text(left) and _is_running_text(right) and _overlap(left, right)):
        return None
    return crossing


def _is_running_text(side: Sequence[Segment]) -> bool:
    """Most words stand in long segments, unlike in a table or among the labels of a figure."""
    long = [len(segment.words) for segment in side if len(segment.words) >= MIN_COLUMN_WORDS]
    return len(long) >= MIN_COLUMN_LINES and sum(long) >= 0.6 * sum(len(segment.words) for segment in side)


def _overlap(left: Sequence[Segment], right: Sequence[Segment]) -> bool:
    """Columns stand beside each other, not one below the other."""
    low = max(min(s.baseline for s in left), min(s.baseline for s in right))
    high = min(max(s.baseline for s in left), max(s.baseline for s in right))
    side_by_side = [s for s in (*left, *right) if low - 1 <= s.baseline <= high + 1]
    return len(side_by_side) >= MIN_COLUMN_LINES


def _with_tables(lines: list[Line]) -> Region:
    lines = _side_by_side(lines)
    region = Region()
    index = 0
    while index < len(lines):
        grid = lines[index].grid
        end = _table_end(lines, index)
        if grid is not None:
            region.items.append(grid)
            index += 1
        elif end - index >= 2:
            region.items.append(make_table(lines[index:end]))
            index = end
        else:
            region.items.append(_closed_up(lines[index]))
            index += 1
    return region


def _closed_up(line: Line) -> Line:
    """Return a justified line with stretched spaces as one segment, anything else as it is."""
    words = [word for segment in line.segments for word in segment.words]
    gaps = [right.x0 - left.x1 for left, right in pairwise(words)]
    stretched = len(line.segments) > 1 and len(gaps) > 2 and min(gaps) > STRETCHED_SHARE * max(gaps)
    figures = sum(_is_number(word.text) for word in words)
    return Line((Segment(tuple(words)),)) if stretched and 2 * figures < len(words) else line


def _side_by_side(lines: Sequence[Line]) -> list[Line]:
    """Put together lines that stand closer than lines of one text can: cells set at different heights."""
    merged: list[Line] = []
    lowest = 0.0
    for line in lines:
        last = merged[-1] if merged else None
        if last is not None and _is_beside(last, lowest, line):
            merged[-1] = _merge(last, line)
        else:
            merged.append(line)
        lowest = line.baseline
    return merged


def _is_beside(last: Line, lowest: float, line: Line) -> bool:
    if last.grid is not None or line.grid is not None or lowest - line.baseline > 0.8 * min(last.size, line.size):
        return False
    return len(last.segments) + len(line.segments) > 2 or last.x1 < line.x0 or line.x1 < last.x0


def _merge(above: Line, below: Line) -> Line:
    """Add the segments of `below`, each to the one it stands under, or as a further cell."""
    segments = list(above.segments)
    for segment in below.segments:
        under = next((i for i, s in enumerate(segments) if s.x0 < segment.x1 and segment.x0 < s.x1), None)
        if under is None:
            segments.append(segment)
        else:
            segments[under] = Segment((*segments[under].words, *segment.words))
    return Line(tuple(sorted(segments, key=lambda segment: segment.x0)))


def _table_end(lines: Sequence[Line], start: int) -> int:
    """Return the index after the table that starts at `start`; `start` when none does."""
    if len(lines[start].segments) < 2 or lines[start].grid is not None:
        return start
    end, wide_rows, last_wide = start + 1, 1, start + 1
    starts = [segment.x0 for segment in lines[start].segments]
    while end < len(lines) and _follows(lines[end - 1], lines[end], starts):
        if len(lines[end].segments) > 1:
            wide_rows += 1
            last_wide = end + 1
            starts += [segment.x0 for segment in lines[end].segments]
        end += 1
    last = _trailing_wraps(lines, last_wide, end, min(starts))
    return last if wide_rows >= 2 else start


def _follows(above: Line, line: Line, starts: Sequence[float]) -> bool:
    size = max(above.size, line.size)
    if line.grid is not None or not 0 < above.baseline - line.baseline <= 3.2 * size:
        return False
    if len(line.segments) > 1:
        return True
    near = above.baseline - line.baseline <= 1.45 * size
    return near and any(abs(line.x0 - start) < 0.6 * size for start in starts) and len(line.text) < 110


def _trailing_wraps(lines: Sequence[Line], last_wide: int, end: int, left: float) -> int:
    """Keep single cells after the last full row only while they stand right of the first column."""
    while last_wide < end and lines[last_wide].x0 > left + lines[last_wide].size:
        last_wide += 1
    return last_wide


def make_table(lines: Sequence[Line]) -> Table:
    """Return rows of cells. A wrapped cell is put together where an empty first cell shows the wrap."""
    columns = _column_spans(lines)
    rows: list[list[str]] = []
    above: Line | None = None
    for line in lines:
        cells = _cells(line, columns)
        if above is not None and _is_wrap(above, line, cells, rows[-1]):
            rows[-1] = [f"{old} {new}".strip() for old, new in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
        above = line
    return Table(tuple(tuple(row) for row in rows))


def _column_spans(lines: Sequence[Line]) -> list[tuple[float, float]]:
    """Return the x spans of columns: cells of the fullest rows, merged where they overlap."""
    most = max(len(line.segments) for line in lines)
    full = [line for line in lines if len(line.segments) >= max(2, most - 1)] or list(lines)
    spans: list[tuple[float, float]] = []
    for x0, x1 in sorted((s.x0, s.x1) for line in full for cell in line.segments for s in _parts(cell)):
        if spans and x0 < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], x1))
        else:
            spans.append((x0, x1))
    return spans


def _cells(line: Line, columns: Sequence[tuple[float, float]]) -> list[str]:
    cells = [""] * len(columns)
    for segment in line.segments:
        for part in _parts(segment):
            index = max(range(len(columns)), key=lambda i: _overlap_or_distance(part, columns[i]))
            cells[index] = f"{cells[index]} {part.text}".strip()
    return cells


def _parts(segment: Segment) -> list[Segment]:
    """Return numbers that stand close together one by one, since each may be a cell."""
    if len(segment.words) > 1 and all(_is_number(word.text) for word in segment.words):
        return [Segment((word,)) for word in segment.words]
    return [segment]


def _overlap_or_distance(segment: Segment, column: tuple[float, float]) -> float:
    """Overlap in points; negative distance where there is none."""
    return min(segment.x1, column[1]) - max(segment.x0, column[0])


def _is_wrap(above: Line, line: Line, cells: Sequence[str], row: Sequence[str]) -> bool:
    near = above.baseline - line.baseline <= 1.45 * max(above.size, line.size)
    continues = all(row[index] for index, cell in enumerate(cells) if cell)
    return near and not cells[0] and continues and not any(map(_is_number, filter(None, cells)))


def _is_number(cell: str) -> bool:
    return any(map(str.isdigit, cell)) and not any(map(str.isalpha, cell))
