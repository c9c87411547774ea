"""What a person sees of a start: one line for each step, with its time, and a live stage meanwhile."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO

LIVE_AFTER = 1.0  # seconds


class Terminal:
    """Prints lines; on a tty a last, live line shows what is going on now."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self._shown = ""
        self._step = ""
        self._stage = ""
        self._began = time.monotonic()

    def line(self, text: str = "") -> None:
        """Print a line of its own."""
        self._clear()
        self._write(f"{text}\n")

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step and print its line when it is done."""
        self._step, self._stage, self._began = name, "", time.monotonic()
        try:
            yield
        except BaseException:
            self._clear()
            raise
        finally:
            self._step = ""
        self.line(f"  {name:<32} {self._elapsed():5.1f} s")

    def stage(self, text: str) -> None:
        """Show what the present step is at, once it takes longer than a second."""
        self._stage = text or self._stage
        if self.live and self._step and self._elapsed() > LIVE_AFTER:
            detail = f": {self._stage}" if self._stage else ""
            self._show(f"  {self._step}{detail} … {self._elapsed():.0f} s"[:100])

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _show(self, text: str) -> None:
        if text != self._shown:
            self._clear()
            self._write(text)
            self._shown = text

    def _clear(self) -> None:
        if self._shown:
            self._write(f"\r{' ' * len(self._shown)}\r")
            self._shown = ""

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # the reader may be gone; the work goes on
            self.stream.write(text)
            self.stream.flush()
