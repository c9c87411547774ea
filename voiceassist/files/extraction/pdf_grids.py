"""Tables that are drawn: rules that cross make a grid, and words fall into its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voiceassist.files.extraction.pdf_words import Rule, Table, Word

TOUCH = 3.0  # points between rules that belong together
SAME_LINE = 2.5  # points between parts of one rule
MIN_UPRIGHT = 3  # two columns
MIN_LEVEL = 3  # two rows
MAX_RULES = 4000


@dataclass(frozen=True, slots=True)
class Grid:
    """Positions of rules: `xs` from the left, `ys` from the top, points."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]

    def holds(self, word: Word) -> bool:
        x = (word.x0 + word.x1) / 2
        return self.xs[0] <= x <= self.xs[-1] and self.ys[-1] - 1 <= word.baseline <= self.ys[0]

    def table(self, rows: Sequence[Sequence[Word]]) -> Table:
        """Return the words, given in rows from the top, as cells. Rows without words are left out."""
        cells: dict[tuple[int, int], list[str]] = {}
        for row in rows:
            for word in row:
                cells.setdefault(self._place(word), []).append(word.text)
        width, height = len(self.xs) - 1, len(self.ys) - 1
        texts = [tuple(" ".join(cells.get((y, x), [])) for x in range(width)) for y in range(height)]
        return Table(tuple(row for row in texts if any(row)))

    def _place(self, word: Word) -> tuple[int, int]:
        middle = word.x0 + min(word.x1 - word.x0, word.size) / 2
        column = sum(1 for x in self.xs[1:-1] if x <= middle)
        row = sum(1 for y in self.ys[1:-1] if y > word.baseline)
        return row, column


def grids_of(rules: Sequence[Rule]) -> list[Grid]:
    """Return the grids on a page: rules that touch, with at least two rows and two columns between them."""
    grids: list[Grid] = []
    for group in _touching(rules[:MAX_RULES]):
        xs = _positions((r[0] + r[2]) / 2 for r in group if r[3] - r[1] > r[2] - r[0])
        ys = _positions((r[1] + r[3]) / 2 for r in group if r[2] - r[0] > r[3] - r[1])
        if len(xs) >= MIN_UPRIGHT and len(ys) >= MIN_LEVEL:
            grids.append(Grid(tuple(xs), tuple(reversed(ys))))
    return grids


def _positions(values: object) -> list[float]:
    """Return distinct positions in rising order."""
    distinct: list[float] = []
    for value in sorted(values):  # type: ignore[call-overload]
        if not distinct or value - distinct[-1] > SAME_LINE:
            distinct.append(value)
    return distinct


def _touching(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Group rules by contact, sweeping from the left."""
    groups: list[list[Rule]] = []
    for rule in sorted(rules):
        near = [group for group in groups if any(_touch(rule, other) for other in group)]
        merged = [rule, *(other for group in near for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append(merged)
    return groups


def _touch(one: Rule, other: Rule) -> bool:
    return (
        one[0] <= other[2] + TOUCH
        and other[0] <= one[2] + TOUCH
        and one[1] <= other[3] + TOUCH
        and other[1] <= one[3] + TOUCH
    )
