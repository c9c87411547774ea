"""What stands on a page of a PDF: words, segments of words, lines, tables. Points, y upwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

Rule = tuple[float, float, float, float]  # x0, y0, x1, y1


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    baseline: float
    size: float
    bold: bool
    angle: int = 0


@dataclass(frozen=True)
class Segment:
    """Words on one baseline without a wide gap."""

    words: tuple[Word, ...]

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @cached_property
    def x0(self) -> float:
        return min(word.x0 for word in self.words)

    @cached_property
    def x1(self) -> float:
        return max(word.x1 for word in self.words)

    @cached_property
    def baseline(self) -> float:
        return next(word.baseline for word in self.words if word.size == self.size)

    @cached_property
    def size(self) -> float:
        return _usual_size(self.words)

    @cached_property
    def bold(self) -> bool:
        return all(word.bold for word in self.words if any(map(str.isalnum, word.text)))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, top to bottom."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Line:
    """One row of a column. More than one segment means cells."""

    segments: tuple[Segment, ...]
    grid: Table | None = None  # what the segments stand for, when they are a drawn table

    @cached_property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    @cached_property
    def x0(self) -> float:
        return min(segment.x0 for segment in self.segments)

    @cached_property
    def x1(self) -> float:
        return max(segment.x1 for segment in self.segments)

    @cached_property
    def baseline(self) -> float:
        return self.segments[0].baseline

    @cached_property
    def size(self) -> float:
        return _usual_size(word for segment in self.segments for word in segment.words)

    @cached_property
    def bold(self) -> bool:
        return all(segment.bold for segment in self.segments)


def _usual_size(words: Iterable[Word]) -> float:
    """Return the size of most letters, so that a bullet or a raised sign does not count."""
    letters: Counter[float] = Counter()
    for word in words:
        letters[word.size] += len(word.text)
    return letters.most_common(1)[0][0]
