"""Tracebacks for the log: files, lines, functions and types of exceptions, never the words in their messages.

A message may quote what a patient's record says: databases quote values, parsers the text they stumble over. Kept are
the message of a DomainError that is the same for everybody, the operating system's own words for an error number, the
name of a module or variable that is missing, and of a database's error its SQLSTATE and constraint.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from pathlib import Path

from voiceassist.core.errors import DomainError

FRAMES = 40  # of one exception; the middle of a longer stack is left out
CHAIN = 10  # exceptions
_ROOT = f"{Path(__file__).resolve().parents[2]}{os.sep}"
_PACKAGES = f"site-packages{os.sep}"
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n"
_MEANWHILE = "\nDuring handling of the above exception, another exception occurred:\n"


def describe(error: BaseException) -> str:
    """Return the traceback of an exception and of what led to it, as Python prints it but without any message."""
    return "\n".join(_chain(error))


def name_of(error: BaseException) -> str:
    """Return an exception's type, with what of its message is safe to keep."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    said = _safe_words(error)
    return f"{name}: {said}" if said else name


def _chain(error: BaseException) -> list[str]:
    seen: set[int] = set()
    parts: list[str] = []
    current: BaseException | None = error
    link = ""
    while current is not None and id(current) not in seen and len(seen) < CHAIN:
        seen.add(id(current))
        parts = [*_one(current), *([link] if link else []), *parts]
        link = _CAUSED if current.__cause__ is not None else _MEANWHILE
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return parts


def _one(error: BaseException) -> Iterator[str]:
    frames = list(traceback.walk_tb(error.__traceback__))
    if frames:
        yield "Traceback (most recent call last):"
    half = FRAMES // 2
    for place, (frame, line) in enumerate(frames):
        if half <= place < len(frames) - half:
            if place == half:
                yield f"  ... {len(frames) - FRAMES} more"
            continue
        yield f'  File "{_short(frame.f_code.co_filename)}", line {line}, in {frame.f_code.co_name}'
    yield name_of(error)
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions[:CHAIN]:
            yield from (f"    {line}" for line in describe(inner).splitlines())


def _short(file: str) -> str:
    """Return a path from the root of the project or of the installed packages."""
    _, found, inside = file.rpartition(_PACKAGES)
    return inside if found else file.removeprefix(_ROOT)


def _safe_words(error: BaseException) -> str:
    if isinstance(error, DomainError):
        constant = error.user_message == type(error).user_message  # an own message may name a file
        return f"{error.code}: {error.user_message}" if constant else str(error.code)
    if isinstance(error, OSError) and error.errno is not None:
        return f"[Errno {error.errno}] {os.strerror(error.errno)}"
    if isinstance(error, ImportError | NameError):
        return error.name or ""
    return _of_database(error)


def _of_database(error: BaseException) -> str:
    """Return the SQLSTATE and the names of schema objects that PostgreSQL gave; its messages quote values."""
    source = error if hasattr(error, "sqlstate") else error.__cause__
    state = getattr(source, "sqlstate", None)
    if not isinstance(state, str):
        return ""
    told = getattr(source, "diag", None)
    named = ((what, getattr(told, f"{what}_name", None)) for what in ("table", "column", "constraint"))
    return ", ".join([f"SQLSTATE {state}", *(f"{what} {name}" for what, name in named if name)])
