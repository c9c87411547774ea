"""The number guard: every dose, unit, frequency and threshold of a sentence must stand in what it cites.

A quantity is a number with its unit and the side of a threshold it stands for: 5 g is not 5 mg, and "60 kg or more"
is not "60 kg or less".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from voiceassist.evidence.markers import without_markers


class Side(StrEnum):
    """Which side of a number is meant."""

    LOW = "low"
    HIGH = "high"
    NEITHER = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """`number` as it is compared, `unit` in one spelling or empty, `text` as it was written."""

    number: str
    unit: str
    side: Side
    text: str

    def is_stated_by(self, other: Quantity) -> bool:
        """Tell whether a quantity of the source says the same. A side that the sentence leaves open may be any."""
        if self.number != other.number or (self.side and self.side != other.side):
            return False
        return self.unit in ("", other.unit) or (self.unit in _OF_TIME and not other.unit)


_UNIT_SPELLINGS = {
    "mcg": r"mcg|µg|μg|micrograms?",
    "mg": r"mg|milligrams?",
    "g": r"g|grams?",
    "kg": r"kg|kilograms?",
    "ml": r"ml|millilit(?:re|er)s?",
    "l": r"l|lit(?:re|er)s?",
    "mmol": r"mmol|millimoles?",
    "meq": r"meq",
    "mmhg": r"mm ?hg",
    "%": r"%|percent|per cent",
    "unit": r"units?|iu|u",
    "puff": r"puffs?",
    "tablet": r"tablets?",
    "minute": r"minutes?|mins?",
    "hour": r"hours?|hrs?|h",
    "day": r"days?",
    "week": r"weeks?",
    "month": r"months?",
    "year": r"years?|yrs?",
}
_OF_TIME = frozenset({"minute", "hour", "day", "week", "month", "year"})
_UNIT = "|".join(f"(?:{spelling})" for spelling in _UNIT_SPELLINGS.values())
_PER = r"(?:\s?/\s?(?:kg|dl|l|ml|min|h|hr|day|d|week|m2|m²))*"
_ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ONES += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {word: value for value, word in enumerate(_ONES)} | {word: 10 * (n + 2) for n, word in enumerate(_TENS)}
_SPELT = rf"(?:(?:{'|'.join([*_VALUES, 'hundred', 'thousand'])})(?:[ -]|\b))+"
_FIGURE = r"\d+(?:[.,]\d+)*(?:/\d+)?"
_LOW_BEFORE = (
    r"<|≤|below|under|less than|lower than|at most|no more than|not more than|up to|maximum of|within|younger than"
)
_HIGH_BEFORE = (
    r">|≥|above|over|more than|greater than|higher than|at least|no less than|minimum of|older than|exceed(?:s|ing)?"
)
_LOW_AFTER = r"or less|or lower|or below|or under|or younger|or fewer|and below"
_HIGH_AFTER = r"or more|or higher|or above|or over|or older|or greater|and above"

_QUANTITY = re.compile(
    rf"(?:(?P<low>{_LOW_BEFORE})|(?P<high>{_HIGH_BEFORE}))?\s*(?:than\s+)?"
    rf"(?<![\w.,])(?P<number>{_FIGURE}|{_SPELT}(?=\s?(?:{_UNIT})\b))"
    rf"(?:\s?(?:-|–|to)\s?(?P<upper>{_FIGURE}))?"
    rf"\s?-?(?P<unit>(?:{_UNIT})(?![\w²])(?P<per>{_PER}))?"
    rf"(?:\s+of age)?(?:\s+(?:(?P<or_low>{_LOW_AFTER})|(?P<or_high>{_HIGH_AFTER}))\b)?",
    re.IGNORECASE,
)
_BODY_SURFACE = re.compile(r"\s?/\s?1[.,]73\s?m(?:2|²|\^2)", re.IGNORECASE)
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TIMES = {"once": "1", "twice": "2", "one time": "1", "two times": "2", "three times": "3", "four times": "4"}
_FREQUENCY = re.compile(
    rf"\b(?P<times>{'|'.join(_TIMES)})\s+(?:a|per|each|every)?\s?-?(?P<period>daily|day|weekly|week|monthly|month|yearly|year)\b",
    re.IGNORECASE,
)
_PERIODS = {"daily": "day", "weekly": "week", "monthly": "month", "yearly": "year"}


def quantities(text: str) -> list[Quantity]:
    """Return the quantities and frequencies of a text in order. Citation markers and names such as PHQ-9 are none."""
    plain = _BODY_SURFACE.sub("", _THOUSANDS.sub("", without_markers(text)))
    return [*_measured(plain), *_frequencies(plain)]


def absent_quantities(sentence: str, source: str) -> list[str]:
    """Return, as written, the quantities of a sentence that the source does not state, without repeats."""
    known = quantities(source)
    absent = [one.text for one in quantities(sentence) if not any(one.is_stated_by(other) for other in known)]
    return list(dict.fromkeys(absent))


def _measured(text: str) -> Iterator[Quantity]:
    for match in _QUANTITY.finditer(text):
        if match["unit"] is None and _is_part_of_a_name(text, match.start("number")):
            continue
        side, unit = _side(match), _unit(match["unit"], match["per"])
        for number in (match["number"], match["upper"]):
            if number:
                yield Quantity(_comparable(number), unit, side, " ".join(match[0].split()))


def _frequencies(text: str) -> Iterator[Quantity]:
    for match in _FREQUENCY.finditer(text):
        period = match["period"].lower()
        times = _TIMES[" ".join(match["times"].lower().split())]
        yield Quantity(times, f"times a {_PERIODS.get(period, period)}", Side.NEITHER, match[0])


def _side(match: re.Match[str]) -> Side:
    if match["low"] or match["or_low"]:
        return Side.LOW
    return Side.HIGH if match["high"] or match["or_high"] else Side.NEITHER


def _unit(written: str | None, per: str | None) -> str:
    if not written:
        return ""
    plain = written.removesuffix(per or "").strip().lower()
    name = next(unit for unit, spelling in _UNIT_SPELLINGS.items() if re.fullmatch(spelling, plain))
    return name + re.sub(r"\s", "", (per or "").lower())


def _is_part_of_a_name(text: str, start: int) -> bool:
    """Tell whether a bare number hangs on a word by a hyphen, as in PHQ-9 or COVID-19."""
    return re.search(r"[A-Za-z][-–]$", text[:start]) is not None


def _comparable(number: str) -> str:
    if number[0].isalpha():
        return str(_spelt_value(number))
    plain = number.replace(",", ".")
    return plain.rstrip("0").rstrip(".") if plain.count(".") == 1 and "/" not in plain else plain


def _spelt_value(words: str) -> int:
    total = current = 0
    for word in re.findall(r"[a-z]+", words.lower()):
        if word == "hundred":
            current = max(current, 1) * 100
        elif word == "thousand":
            total, current = total + max(current, 1) * 1000, 0
        else:
            current += _VALUES[word]
    return total + current
