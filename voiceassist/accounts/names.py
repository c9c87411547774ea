"""What the name of a person may be: it stands on pages, in mails and in lists, each time on one line."""

from __future__ import annotations

import unicodedata

LONGEST = 150  # characters, as the columns say
JOINERS = "\u200c\u200d"  # cannot be seen either, but Persian and many Indian names are not spelt right without
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})  # controls, bidi overrides, line ends: what no name has


def single_line(text: str) -> str:
    """Return text trimmed, with single spaces. Raises ValueError for line ends, and for what hides or turns letters."""
    text = text.strip()
    if any(is_unseen(character) for character in text):
        raise ValueError("This must be one line of text, without invisible characters.")
    return " ".join(text.split())


def checked_name(name: str) -> str:
    """Return a name in the form it is stored in. Raises ValueError."""
    name = single_line(name)
    if len(name) > LONGEST:
        raise ValueError(f"This may have at most {LONGEST} characters.")
    return name


def cleaned_name(name: str) -> str:
    """Return what can be used of a name that somebody else chose, and nobody here can put right."""
    return "".join(character for character in " ".join(name.split()) if not is_unseen(character))[:LONGEST].strip()


def is_unseen(character: str) -> bool:
    """Tell whether a character changes how others look without being seen itself."""
    return unicodedata.category(character) in _UNSEEN and character not in JOINERS
