"""An outcome that is asked for often and found out seldom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Finds a value out at most once in `seconds`, however many ask at a time; `forget` makes it look again."""

    def __init__(self, find_out: Callable[[], T], *, seconds: float) -> None:
        self._find_out = find_out
        self._seconds = seconds
        self._lock = threading.Lock()
        self._found: tuple[float, T] | None = None

    def __call__(self) -> T:
        """Return the value, a new one if the last is too old."""
        with self._lock:
            if self._found is None or time.monotonic() - self._found[0] > self._seconds:
                value = self._find_out()
                self._found = (time.monotonic(), value)
            return self._found[1]

    def forget(self) -> None:
        """Find it out anew the next time."""
        with self._lock:
            self._found = None
