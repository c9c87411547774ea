"""A process that `up` looks after: started, watched, restarted with back-off, stopped."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voiceassist.runtime import logs, process
from voiceassist.runtime.environment import PROJECT_ROOT
from voiceassist.runtime.errors import ChildFailed
from voiceassist.runtime.process import Identity

FIRST_PAUSE = 0.5  # seconds before the first restart; doubles each time
STEADY_AFTER = 60.0  # seconds of life after which earlier deaths are forgotten
MAX_DEATHS = 5
_NOTABLE = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|[\"\[](warning|error|critical)\b")


@dataclass(frozen=True)
class Program:
    """A command to keep running. `stop_signals` are tried in turn, each for its seconds, before a kill."""

    name: str
    title: str
    command: Sequence[str]
    stop_signals: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 10.0),)
    death_signal: signal.Signals = signal.SIGTERM


class Child:
    """One running program and its log."""

    def __init__(self, program: Program, environment: dict[str, str], logs_dir: Path) -> None:
        self.program = program
        self.environment = dict(environment)
        self.log = logs_dir / f"{program.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.restart_at: float | None = None
        self._deaths = 0
        self._started = 0.0
        self._read_to = 0

    def start(self) -> None:
        """Start the process, which waits to be let go; from the main thread only (see `process.spawn`)."""
        first = self.process is None
        self._close_gate()
        self.restart_at, self._started = None, time.monotonic()
        with logs.open_log(self.log, rotate=first) as output:
            self.process = process.spawn(
                self.program.command,
                death_signal=self.program.death_signal,
                output=output,
                stdin=subprocess.PIPE,
                env=self.environment,
                cwd=PROJECT_ROOT,
            )

    def let_go(self) -> None:
        """Let the process go on to its work."""
        if self.process and self.process.stdin:
            with contextlib.suppress(OSError), self.process.stdin as stream:
                stream.write(b"go\n")
            self.process.stdin = None

    def _close_gate(self) -> None:
        """Close what holds the process back; one that still waits there ends by itself."""
        if self.process and self.process.stdin:
            self.process.stdin.close()
            self.process.stdin = None

    def identity(self) -> Identity | None:
        """Return the running process's identity."""
        if self.process is None or self.process.poll() is not None:
            return None
        with contextlib.suppress(ProcessLookupError):
            return Identity.of(self.process.pid)
        return None

    @property
    def ended(self) -> bool:
        """Tell whether the process ended and its restart is not planned yet."""
        return self.process is not None and self.restart_at is None and self.process.poll() is not None

    def plan_restart(self) -> float:
        """Choose when to start again; return the pause in seconds. Raises ChildFailed after too many."""
        if time.monotonic() - self._started > STEADY_AFTER:
            self._deaths = 0
        self._deaths += 1
        if self._deaths > MAX_DEATHS:
            raise self.failure(f"ended {self._deaths} times in a row")
        pause = FIRST_PAUSE * 2.0 ** (self._deaths - 1)
        self.restart_at = time.monotonic() + pause
        return pause

    def failure(self, what: str) -> ChildFailed:
        """Return the problem of this child, quoting its log."""
        quoted = logs.last_lines(self.log)
        ends = f" The end of its log, {self.log}:\n{quoted}" if quoted else f" Its log is {self.log}."
        return ChildFailed(f"The {self.program.title} {what}.{ends}")

    def stop(self) -> None:
        """Stop the process and wait for it."""
        self.restart_at = None
        self._close_gate()
        if self.process and self.process.poll() is None:
            process.stop(self.process, self.program.stop_signals)

    def notable_lines(self, limit: int = 5) -> list[str]:
        """Return warnings and errors logged since the last call."""
        logs.rotate_when_large(self.log)
        with contextlib.suppress(OSError), self.log.open("rb") as file:
            size = self.log.stat().st_size
            file.seek(self._read_to if self._read_to <= size else 0)
            text = file.read(1_000_000).decode(errors="replace")
            self._read_to = file.tell()
            return [_readable(line)[:300] for line in text.splitlines() if _NOTABLE.search(line)][:limit]
        return []


def _readable(line: str) -> str:
    """Return the level and the event of a JSON log line, any other line as it is."""
    try:
        values = json.loads(line)
        return f"{values['level'].upper()} {values['event']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return line
