"""Log files of the child processes: rotated when they are opened, and by size."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import IO

MAX_BYTES = 10_000_000
KEPT = 3


def open_log(path: Path, *, rotate: bool = True) -> IO[bytes]:
    """Open a log for appending, readable by us only; what it held moves to `NAME.1`."""
    if rotate and path.exists() and path.stat().st_size:
        _shift(path)
        path.rename(_numbered(path, 1))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab", buffering=0)


def rotate_when_large(path: Path, limit: int = MAX_BYTES) -> None:
    """Copy an oversized log aside and empty it in place, for its writer keeps it open to append."""
    if path.exists() and path.stat().st_size > limit:
        _shift(path)
        shutil.copy2(path, _numbered(path, 1))
        os.truncate(path, 0)


def _shift(path: Path) -> None:
    for number in range(KEPT - 1, 0, -1):
        if (older := _numbered(path, number)).exists():
            older.replace(_numbered(path, number + 1))


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def last_lines(path: Path, count: int = 8) -> str:
    """Return the end of a log, indented to be quoted in a message."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 8192))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"    {line[:300]}" for line in text.strip().splitlines()[-count:])
