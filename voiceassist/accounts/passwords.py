"""How strong a password is, from 0 to 100, and why it is not stronger.

The score is an estimate of guessing resistance after the habits that guessing programs try first: NIST SP 800-63B
(5.1.1.2) asks for length, a list of common passwords and no context words; sequences, repeats and few classes of
characters lower the worth of each character.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

SHORTEST, LONGEST = 12, 128  # characters
WEAKEST = 50  # the least score that is accepted
RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "azertyuiop")
CLASSES = (r"[a-z]", r"[A-Z]", r"\d", r"[^\w\s]|_", r"\s", r"[^\x00-\x7f]")
ALIKE = 0.7  # share of a name or address that may be found in a password


@dataclass(frozen=True, slots=True)
class Strength:
    """A score and what to do about it; `problems` is empty when the password is accepted."""

    score: int
    problems: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        """Tell whether the password is accepted."""
        return not self.problems

    @property
    def label(self) -> str:
        """Name the score in a word."""
        steps = [(85, "very strong"), (70, "strong"), (WEAKEST, "fair"), (25, "weak")]
        return next((name for least, name in steps if self.score >= least), "very weak")


def strength_of(password: str, *, about: tuple[str, ...] = ()) -> Strength:
    """Judge a password; `about` holds the user's name and address, which it must not resemble."""
    if len(password) > LONGEST:  # first of all: what follows takes time with the square of the length
        return Strength(0, (f"Use at most {LONGEST} characters.",))
    problems = []
    if len(password) < SHORTEST:
        problems.append(f"Use at least {SHORTEST} characters.")
    if is_common(password):
        problems.append("This is among the passwords that are guessed first.")
    if resembles(password, about):
        problems.append("Leave out your name and address.")
    score = _score(password, is_known=is_common(password) or resembles(password, about))
    if score < WEAKEST and not problems:
        problems.append("Use more different characters: no long sequences, no repeats, or one or two words more.")
    return Strength(score, tuple(problems))


def is_common(password: str) -> bool:
    """Tell whether the password, or what is left of it without digits and signs around, is on the list."""
    lowered = password.lower()
    cores = {_letters(_plain(lowered)), _plain(_letters(lowered))}
    most = {core for core in cores if len(core) >= 4 and len(core) > len(password) / 2}
    return bool({lowered, *most} & common_passwords())


def _letters(text: str) -> str:
    """Return what is left without digits and signs at both ends."""
    found = re.search(r"[a-z](?:.*[a-z])?", text, re.DOTALL)
    return found[0] if found else ""


def resembles(password: str, about: tuple[str, ...]) -> bool:
    """Tell whether the password is made mostly of the user's name or address."""
    lowered = _plain(password.lower())
    parts = {part for text in about for part in (*re.split(r"[\W_]+", text.lower()), text.lower()) if len(part) >= 4}
    rest = lowered
    for part in sorted(parts, key=len, reverse=True):
        rest = rest.replace(_plain(part), "")
    if len(rest) <= len(lowered) / 2:
        return True
    return any(_is_alike(lowered, part) for part in parts)


def _is_alike(password: str, part: str) -> bool:
    match = SequenceMatcher(a=password, b=part)
    return match.quick_ratio() >= ALIKE and match.ratio() >= ALIKE


@cache
def common_passwords() -> frozenset[str]:
    """Return Django's list of 20,000 common passwords."""
    path = Path(password_validation.__file__).parent / "common-passwords.txt.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip().lower() for line in lines)


def _score(password: str, *, is_known: bool) -> int:
    """Give each character its worth in points: less in sequences and repeats, more for each class."""
    classes = sum(bool(re.search(kind, password)) for kind in CLASSES)
    worth = 0.0
    for position, character in enumerate(password):
        before = password[:position]
        worth += 0.25 if _continues(before, character) else 1.0 / (1 + before.count(character) * 0.35)
    points = worth * (3.4 + 0.8 * min(classes, 4))
    return round(min(20.0, points) if is_known else min(100.0, points))


def _continues(before: str, character: str) -> bool:
    """Tell whether a character goes on with a repeat or a sequence, such as aaa, abc, 321, qwe, or abcabc."""
    if not before:
        return False
    pair = (before[-1] + character).lower()
    if pair[0] == pair[1] or any(pair in run or pair in run[::-1] for run in RUNS):
        return True
    return len(before) >= 3 and (before[-2:] + character).lower() in before[:-2].lower() + before[-2:].lower()


def _plain(text: str) -> str:
    """Undo the usual letter swaps."""
    return text.translate(str.maketrans("0134578@$!", "oieastbasi"))


class StrengthValidator:
    """Django's interface to the same rule, for every form and command that sets a password."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError with one message for each problem."""
        about = (getattr(user, "name", ""), getattr(user, "email", "")) if user else ()
        problems = strength_of(password, about=about).problems
        if problems:
            raise ValidationError([ValidationError(text, code="password_too_weak") for text in problems])

    def get_help_text(self) -> str:
        """Say what is asked for."""
        return f"At least {SHORTEST} characters. Four unrelated words are strong and easy to remember."
