"""What the keeper asks of a server, and what all servers share."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from voiceassist.runtime.account import Account
from voiceassist.runtime.errors import RuntimeProblem, ServerNotStarted, disk_full
from voiceassist.runtime.logs import last_lines
from voiceassist.runtime.paths import Home

Stage = Callable[[str], None]
StopSignals = Sequence[tuple[signal.Signals, float]]
NAMES = ("postgres", "valkey")


@dataclass(frozen=True)
class Site:
    """Everything a server needs to know about its place. `throwaway` trades safety of data for speed."""

    name: str
    home: Home
    package: Path
    account: Account | None = None
    throwaway: bool = False

    @property
    def log(self) -> Path:
        """The file that receives all the server says."""
        return self.home.logs_dir / f"{self.name}.log"

    @property
    def data(self) -> Path:
        """The server's own files, owned by its account."""
        return self.home.servers_dir / self.name

    def password(self) -> str:
        """Return the random password kept beside the data, made on first use."""
        file = self.home.servers_dir / f"{self.name}.password"
        if not file.exists() or not file.stat().st_size:
            _write_private(file, secrets.token_urlsafe(24))
        return file.read_text(encoding="ascii").strip()

    @property
    def port_file(self) -> Path:
        """Where the port is remembered, so that addresses survive a restart."""
        return self.home.servers_dir / f"{self.name}.port"


def _write_private(file: Path, text: str) -> None:
    """Write so that a reader sees all or nothing."""
    unfinished = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
    unfinished.rename(file)


class Server(Protocol):
    """A server the keeper can start, wait for and stop."""

    site: Site
    death_signal: signal.Signals
    stop_signals: StopSignals

    def prepare(self, stage: Stage) -> None:
        """Make the files ready, once. Raises RuntimeProblem."""

    def start(self, port: int, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the process; return without waiting for it to be ready."""

    def is_ready(self, process: subprocess.Popen[bytes], port: int) -> bool:
        """Tell whether the server accepts clients."""

    def url(self, port: int) -> str:
        """Return the address for clients, with the password."""


def not_started(site: Site, what: str) -> RuntimeProblem:
    """Return the problem of a server that did not come up, quoting the end of its log."""
    quoted = last_lines(site.log)
    if "No space left on device" in quoted:
        return disk_full(site.home.servers_dir)
    said = f" The end of its log, {site.log}:\n{quoted}" if quoted else f" Its log is {site.log}."
    return ServerNotStarted(f"{site.name} did not start: {what}.{said}", "")
