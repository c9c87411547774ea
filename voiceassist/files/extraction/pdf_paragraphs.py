"""Lines of a page put together into headings, paragraphs, list items and table rows."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from voiceassist.files.extraction.building import PageBuilder
from voiceassist.files.extraction.cleaning import clean_line
from voiceassist.files.extraction.pdf_layout import MARKER, Region
from voiceassist.files.extraction.pdf_words import Line, Table, Word

HEADING_RATIO = 1.12  # of the body's size
MAX_HEADING_CHARACTERS = 200
MAX_BOLD_HEADING_CHARACTERS = 120
MAX_LEVELS = 5
SAME_SIZE = 0.94
HYPHENS = ("\u2010", "-", "\u00ad")
# Words that follow a hyphen in compounds which are written with one.
COMPOUND_TAILS = frozenset(
    [
        "based",
        "related",
        "specific",
        "associated",
        "induced",
        "dependent",
        "controlled",
        "free",
        "like",
        "term",
        "dose",
        "risk",
        "line",
        "level",
        "care",
        "year",
        "old",
        "up",
        "blind",
        "label",
        "reported",
        "adjusted",
        "weighted",
        "treated",
        "sensitive",
        "resistant",
        "negative",
        "positive",
        "mediated",
        "acquired",
    ]
)
MIN_CAPITALS = 8
_CAPTION = re.compile(r"(?:table|figure|fig\.|box|exhibit)\s*\d*[.:]?\s", re.IGNORECASE)
_SECTION_NUMBER = re.compile(r"(?:\d{1,2}(?:\.\d{1,2})*\.?|[A-Z]\.|[IVX]{1,5}\.)")
_SENTENCE_END = re.compile(r"[.!?:;]['”’\")\]]*(?:\s*\(?\d+(?:[,–-]\d+)*\)?)?$")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Typography:
    """What is usual in a document: the size of running text, sizes of headings from largest, and its words."""

    body_size: float
    heading_sizes: tuple[float, ...]
    vocabulary: frozenset[str]

    def heading_level(self, line: Line) -> int:
        """Return 1 for the largest headings, 0 for running text."""
        text = line.text
        if len(line.segments) > 1 or not any(map(str.isalpha, text)) or len(text) > MAX_HEADING_CHARACTERS:
            return 0
        if _CAPTION.match(text):
            return 0
        size = _rounded(line.size)
        for index, heading_size in enumerate(self.heading_sizes):
            if size >= heading_size * SAME_SIZE:
                return index + 1
        marked = line.bold or (text.isupper() and sum(map(str.isalpha, text)) >= MIN_CAPITALS)
        short = len(text) <= MAX_BOLD_HEADING_CHARACTERS and not text.endswith((".", ",", ";"))
        return self.lowest_level if marked and short and size >= self.body_size * 0.95 else 0

    @property
    def lowest_level(self) -> int:
        """The level of headings in the size of running text."""
        return len(self.heading_sizes) + 1


def typography_of(words: Iterable[Word]) -> Typography:
    """Measure a document. Both parts of a word that was parted at a line's end are left out of its vocabulary."""
    letters: Counter[float] = Counter()
    vocabulary: set[str] = set()
    after_hyphen = False
    for word in words:
        letters[_rounded(word.size)] += len(word.text)
        parted = word.text.endswith(HYPHENS)
        if not parted and not after_hyphen:
            vocabulary.update(found.lower() for found in _WORD.findall(word.text))
        after_hyphen = parted
    body = letters.most_common(1)[0][0] if letters else 10.0
    return Typography(body, _heading_sizes(letters, body), frozenset(vocabulary))


def _heading_sizes(sizes: Iterable[float], body: float) -> tuple[float, ...]:
    """Return sizes well above the body's, largest first; those that hardly differ count as one."""
    kept: list[float] = []
    for size in sorted((size for size in sizes if size >= body * HEADING_RATIO), reverse=True):
        if not kept or size < kept[-1] * SAME_SIZE:
            kept.append(size)
    return tuple(kept[:MAX_LEVELS])


def _rounded(size: float) -> float:
    return round(size * 2) / 2


@dataclass(slots=True)
class _Paragraph:
    lines: list[Line] = field(default_factory=list)
    level: int = 0
    marker: str = ""


class ParagraphWriter:
    """Writes regions of a page to a builder."""

    def __init__(self, builder: PageBuilder, typography: Typography) -> None:
        self._builder = builder
        self._typography = typography
        self._open: _Paragraph | None = None
        self._left = 0.0
        self._right = 0.0
        self._pitch = 0.0
        self._section_titles: set[int] = set()
        self._bold_prose: set[int] = set()

    def write_page(self, regions: Sequence[Region]) -> None:
        for region in regions:
            self._measure(region)
            for item in region.items:
                if isinstance(item, Table):
                    self._flush()
                    self._write_table(item)
                else:
                    self._take(item)
        self._flush()

    def _measure(self, region: Region) -> None:
        lines = [item for item in region.items if isinstance(item, Line)]
        if not lines:
            return
        self._left = min(line.x0 for line in lines)
        self._right = sorted(line.x1 for line in lines)[int(0.9 * (len(lines) - 1))]
        gaps = [a.baseline - b.baseline for a, b in pairwise(lines)]
        near = [gap for gap in gaps if 0 < gap < 2.2 * self._typography.body_size]
        self._pitch = statistics.median_low(near) if near else 1.2 * self._typography.body_size
        self._section_titles = {id(line) for line in self._find_section_titles(lines)}
        self._bold_prose = {id(line) for line in self._find_bold_prose(lines)}

    def _find_bold_prose(self, lines: Sequence[Line]) -> Iterator[Line]:
        """Yield lines of whole sentences set in bold, which are no headings."""
        run: list[Line] = []
        for line, after in zip(lines, [*lines[1:], None], strict=True):
            if line.bold and not line.text.isupper():
                run.append(line)
            near = after is not None and 0 < line.baseline - after.baseline <= 1.35 * self._pitch
            if not near or after is None or not after.bold or after.size != line.size:
                text = " ".join(part.text for part in run)
                if len(run) > 1 and (text.endswith(".") or len(text) > MAX_HEADING_CHARACTERS):
                    yield from run
                run = []

    def _find_section_titles(self, lines: Sequence[Line]) -> Iterator[Line]:
        """Yield short numbered lines that stand alone, such as "3. Recall period"."""
        for index, line in enumerate(lines):
            words = line.text.split()
            if not (1 < len(words) <= 14 and _SECTION_NUMBER.fullmatch(words[0]) and words[1][:1].isupper()):
                continue
            above = lines[index - 1].baseline - line.baseline if index else -1.0
            below = line.baseline - lines[index + 1].baseline if index + 1 < len(lines) else -1.0
            alone = all(gap < 0 or gap > 1.3 * self._pitch for gap in (above, below))
            in_list = index + 1 < len(lines) and bool(_marker(lines[index + 1]))
            if alone and not in_list and not _SENTENCE_END.search(line.text):
                yield line

    def _take(self, line: Line) -> None:
        level = self._typography.heading_level(line)
        if id(line) in self._bold_prose:
            level = 0
        elif not level and id(line) in self._section_titles:
            level = self._typography.lowest_level
        if self._open is not None and self._continues(self._open, line, level):
            self._open.lines.append(line)
            return
        self._flush()
        self._open = _Paragraph([line], level, "" if level else _marker(line))

    def _continues(self, paragraph: _Paragraph, line: Line, level: int) -> bool:
        last = paragraph.lines[-1]
        if paragraph.level or level:
            return self._continues_heading(paragraph, last, line, level)
        if self._begins_item(last, line) or not _are_alike(last, line):
            return False
        runs_on = not _SENTENCE_END.search(last.text) and line.text[:1].islower()
        gap = last.baseline - line.baseline
        if gap <= 0:  # the next column
            return runs_on
        if gap > 1.35 * max(self._pitch, last.size):
            return runs_on and gap <= 2 * last.size
        return runs_on or not (self._ends(last) or self._starts(paragraph, line))

    def _begins_item(self, last: Line, line: Line) -> bool:
        """A number or letter in the middle of a sentence is no list marker, though it may begin a line."""
        marker = _marker(line)
        in_sentence = not _SENTENCE_END.search(last.text) and not self._ends(last) and not _marker(last)
        return bool(marker) and not (in_sentence and marker[-1:] in ").")

    @staticmethod
    def _continues_heading(paragraph: _Paragraph, last: Line, line: Line, level: int) -> bool:
        near = 0 < last.baseline - line.baseline <= 1.6 * last.size
        alike = paragraph.level == level and last.bold == line.bold and last.text.isupper() == line.text.isupper()
        return alike and near and len(paragraph.lines) < 4 and not _marker(line)

    def _ends(self, last: Line) -> bool:
        """A line that leaves much of the column free was ended by its author."""
        short = self._right - last.x1
        width = self._right - self._left
        return short > (0.12 if _SENTENCE_END.search(last.text) else 0.3) * width

    def _starts(self, paragraph: _Paragraph, line: Line) -> bool:
        """A line set in further than a paragraph that began at the margin begins a new one."""
        last = paragraph.lines[-1]
        step = 0.8 * line.size
        if paragraph.marker:
            return line.x0 < paragraph.lines[0].x0 - step or (
                len(paragraph.lines) > 1 and line.x0 < paragraph.lines[1].x0 - step
            )
        return line.x0 > last.x0 + step and last.x0 <= self._left + step and len(paragraph.lines) > 1

    def _flush(self) -> None:
        paragraph, self._open = self._open, None
        if paragraph is None:
            return
        if len(paragraph.lines) == 1 and len(paragraph.lines[0].segments) > 1:
            self._builder.table_row([clean_line(segment.text) for segment in paragraph.lines[0].segments])
            return
        text = self._join(line.text for line in paragraph.lines)
        if paragraph.level:
            self._builder.heading(text, paragraph.level)
        elif paragraph.marker:
            self._builder.list_item(text.removeprefix(paragraph.marker).strip(), marker=paragraph.marker)
        else:
            self._builder.paragraph(text)

    def _write_table(self, table: Table) -> None:
        rows = [[self._join([cell]) for cell in row] for row in table.rows]
        header, *body = rows
        if body and all(header) and not any(_holds_figures(cell) for cell in header):
            self._builder.table_header(header)
            rows = body
        for row in rows:
            self._builder.table_row(row)
        self._builder.end_table()

    def _join(self, lines: Iterable[str]) -> str:
        joined = ""
        for line in lines:
            joined = join_lines(joined, line, self._typography.vocabulary)
        return clean_line(_mend(joined, self._typography.vocabulary))


def _are_alike(last: Line, line: Line) -> bool:
    """Tell whether both are running text of about one size."""
    running = len(line.segments) == 1 and len(last.segments) == 1
    return running and abs(line.size - last.size) <= 0.12 * last.size


def _holds_figures(cell: str) -> bool:
    """Tell whether a cell holds a number that is not just a year."""
    return any(map(str.isdigit, cell)) and not re.fullmatch(r"(?:19|20)\d\d", cell)


def _marker(line: Line) -> str:
    words = line.segments[0].words
    return words[0].text if len(words) > 1 and MARKER.match(words[0].text) else ""


def _mend(text: str, vocabulary: frozenset[str]) -> str:
    """Put together words that were parted inside a cell, and write plain hyphens."""
    joined = ""
    for part in re.split(r"(?<=\u2010)\s+", text):
        joined = join_lines(joined, part, vocabulary)
    return joined.replace("\u2010", "-")


def join_lines(text: str, line: str, vocabulary: frozenset[str]) -> str:
    """Append a line, joining a word that was parted by a hyphen at the line's end.

    The hyphen stays when the word is known with it, or when both parts are words and the whole is not.
    """
    if not text or not text.endswith(HYPHENS) or not line[:1].islower():
        return f"{text} {line}" if text else line
    head, tail = re.search(r"[^\W\d_]*$", text[:-1]), re.match(r"[^\W\d_]*", line)
    first, second = (head[0] if head else ""), (tail[0] if tail else "")
    if not first:
        return f"{text} {line}" if text[-2:-1].isspace() else f"{text}{line}"
    whole = f"{first}{second}".lower()
    keeps = whole not in vocabulary and (
        f"{first}-{second}".lower() in vocabulary
        or second.lower() in COMPOUND_TAILS
        or (len(first) > 2 and {first.lower(), second.lower()} <= vocabulary)
    )
    return f"{text[:-1]}-{line}" if keeps else f"{text[:-1]}{line}"
