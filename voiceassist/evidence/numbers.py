"""The number guard: every dose, unit and threshold of a sentence must stand in what it cites."""

from __future__ import annotations

import re

from voiceassist.evidence.markers import without_markers

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)*(?![\w]*\d)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def numbers_in(text: str) -> list[str]:
    """Return the numbers of a text as they are compared: no thousands separators, no trailing zeros, a point."""
    return [_comparable(match) for match in _NUMBER.findall(_THOUSANDS.sub("", without_markers(text)))]


def absent_numbers(sentence: str, sources: str) -> list[str]:
    """Return the numbers of a sentence that its sources do not hold, in order, without repeats."""
    known = set(numbers_in(sources))
    return [number for number in dict.fromkeys(numbers_in(sentence)) if number not in known]


def _comparable(number: str) -> str:
    plain = number.replace(",", ".")
    return plain.rstrip("0").rstrip(".") if plain.count(".") == 1 else plain
