"""File names as people and disks may safely see them."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

MAX_DISPLAY_CHARACTERS = 120

# Windows refuses these as a file's stem, whatever its ending (Microsoft, "Naming Files, Paths, and Namespaces").
RESERVED_STEMS = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{digit}" for port in ("com", "lpt") for digit in "123456789"}
)
_UNSAFE = re.compile(r'[<>:"|?*]')


def display_name(name: str) -> str:
    """Return `name` without folders, control, direction or invisible characters, shortened in the middle.

    Nothing is escaped for HTML: templates do that. Never empty.
    """
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(" " if _is_invisible(character) else character for character in last)
    tidy = " ".join(unicodedata.normalize("NFC", visible).split())
    return _shorten(tidy.strip()) if tidy.strip(". ") else "unnamed file"


def storage_name(name: str) -> str:
    """Return a name that any file system accepts: no folders, dotfiles, reserved device names or markup."""
    safe = _UNSAFE.sub("_", display_name(name)).lstrip(". ").rstrip(". ")
    if PurePosixPath(safe).name.split(".")[0].lower() in RESERVED_STEMS:
        safe = f"_{safe}"
    return safe or "unnamed file"


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _shorten(name: str) -> str:
    """Keep the start and the ending, so that the type stays readable."""
    if len(name) <= MAX_DISPLAY_CHARACTERS:
        return name
    return f"{name[: MAX_DISPLAY_CHARACTERS - 21]}…{name[-20:]}"
