"""Citation markers in text that arrives in pieces.

A model writes `[2]`, `[1, 3]` or `[Passage 2]`, split over pieces anywhere. What leaves here has only single
markers `[n]`, each naming a passage, numbered from 1 in order of first appearance.
"""

from __future__ import annotations

import re

_WORD = r"(?:passages?|sources?)?"
_SEPARATOR = r"(?:,|;|and|&)"
_RANGE = r"\d{1,4}\s*(?:[-\u2013]\s*\d{1,4})?"
_MARKER = re.compile(rf"\[\s*{_WORD}\s*({_RANGE}(?:\s*{_SEPARATOR}\s*{_RANGE})*)\s*\]", re.IGNORECASE)
_PART = re.compile(r"(\d+)\s*(?:[-\u2013]\s*(\d+))?")
_UNFINISHED = re.compile(r"\[[a-z\d\s,;&\u2013-]{0,60}", re.IGNORECASE)
_LONGEST_RANGE = 20
_STORED = re.compile(r" ?\[\d+\]")
_FORMING = re.compile(r"\[\d*$")


def without_markers(text: str) -> str:
    """Return the text without `[n]`, such as a source's own references, which would read as citations."""
    previous = None
    while previous != text:
        previous, text = text, _STORED.sub("", text)
    return text


class MarkerFilter:
    """Lets text through, drops markers that name no passage and renumbers the others.

    `order[i]` is the passage (from 1, as the model was given them) that citation number i + 1 stands for.
    """

    def __init__(self, passage_count: int) -> None:
        self.order: list[int] = []
        self._count = passage_count
        self._held = ""
        self._tail = ""

    def feed(self, text: str) -> str:
        """Take a piece; return what can be shown now, possibly nothing."""
        self._held += text
        return self._release(final=False)

    def finish(self) -> str:
        """Return what was held back at the end of the text."""
        return self._release(final=True)

    def _release(self, *, final: bool) -> str:
        out = ""
        while self._held:
            taken, shown = self._step(final=final)
            if not taken:
                break
            self._held = self._held[taken:]
            out += shown
            self._tail = (self._tail + shown)[-8:]
        return out

    def _step(self, *, final: bool) -> tuple[int, str]:
        """Return how many held characters are decided, and what they become."""
        spaces = len(self._held) - len(self._held.lstrip(" \t"))
        bracket = self._held.find("[")
        if spaces < len(self._held) and bracket != spaces:
            return self._plain(bracket)
        if spaces == len(self._held):
            return (spaces, self._held) if final else (0, "")
        if marker := _MARKER.match(self._held, spaces):
            return marker.end(), self._renumbered(marker, self._held[:spaces])
        if _UNFINISHED.fullmatch(self._held, spaces) and not final:
            return 0, ""
        return spaces + 1, self._held[: spaces + 1]

    def _plain(self, bracket: int) -> tuple[int, str]:
        """Release text up to the next bracket, and up to the spaces before it."""
        text = self._held if bracket < 0 else self._held[:bracket]
        text = text.rstrip(" \t")
        return len(text), text

    def _renumbered(self, marker: re.Match[str], spaces: str) -> str:
        """Renumber a marker; one that follows a full stop moves up to it, so that it stays with its sentence."""
        numbers = [number for number in _named(marker[1]) if 1 <= number <= self._count]
        for number in numbers:
            if number not in self.order:
                self.order.append(number)
        shown = "".join(f"[{self.order.index(number) + 1}]" for number in dict.fromkeys(numbers))
        if shown:
            return ("" if self._tail.endswith((".", "!", "?")) else spaces) + shown
        return " " if _FORMING.search(self._tail) else ""  # what stands around must not form a marker


def _named(group: str) -> list[int]:
    """Return the numbers of `1, 3-5` in order; a range that is too long names nothing."""
    numbers: list[int] = []
    for first, last in _PART.findall(group):
        low, high = int(first), int(last or first)
        if high - low <= _LONGEST_RANGE:
            numbers.extend(range(low, high + 1))
    return numbers
