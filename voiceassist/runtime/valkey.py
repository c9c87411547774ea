"""Embedded Valkey: its configuration, starting it, knowing when it is ready."""

from __future__ import annotations

import platform
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from voiceassist.runtime import process
from voiceassist.runtime.errors import UnsupportedPlatform, explained
from voiceassist.runtime.server import Site, Stage, StopSignals, not_started

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class Valkey:
    """The Valkey server of one home. It keeps an append-only file, so that queued jobs survive a crash."""

    death_signal = signal.SIGTERM

    def __init__(self, site: Site) -> None:
        self.site = site
        self.stop_signals: StopSignals = [(signal.SIGKILL if site.throwaway else signal.SIGTERM, 10.0)]

    def prepare(self, stage: Stage) -> None:
        """Make the data directory. Raises DataDirectoryNotWritable, DiskFull, ServerNotStarted."""
        with explained(self.site.home.servers_dir):
            if not self.site.data.exists():
                self.site.data.mkdir(mode=0o700)
                if self.site.account:
                    self.site.account.own(self.site.data)
        stage("waiting for an earlier server to end")
        if not process.wait_until(lambda: not process.working_in(self.site.data), 15):
            raise not_started(self.site, "an earlier server still uses the files")
        stage("starting Valkey")

    def start(self, port: int, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the server; it reads its configuration, and so the password, from standard input."""
        with tempfile.TemporaryFile() as configuration:
            configuration.write(self.configuration(port).encode())
            configuration.seek(0)
            return process.spawn(
                [self.program(), "-"],
                death_signal=self.death_signal,
                output=output,
                stdin=configuration,
                account=self.site.account,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
                cwd=Path("/"),
            )

    def program(self) -> Path:
        """Return the path of valkey-server. Raises UnsupportedPlatform."""
        machine = platform.machine().lower()
        machine = MACHINES.get(machine, machine)
        found = self.site.package / "_binaries" / f"linux-{machine}" / "valkey-server"
        if found.exists():
            return found
        raise UnsupportedPlatform(
            f"The embedded Valkey has no program for {machine}.",
            "Set REDIS_URL to a Redis or Valkey server of your own.",
        )

    def configuration(self, port: int) -> str:
        """Return the configuration file's text."""
        lines = [
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {self.site.password()}",
            f'dir "{_escaped(self.site.data)}"',
            'save ""',
            f"appendonly {'no' if self.site.throwaway else 'yes'}",
            "appendfsync everysec",
            "loglevel warning",
            'logfile ""',
            "always-show-logo no",
            "daemonize no",
        ]
        return "\n".join(lines) + "\n"

    def is_ready(self, process: subprocess.Popen[bytes], port: int) -> bool:  # noqa: ARG002  (a Server)
        """Ask with PING; while it loads its data it answers -LOADING."""
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.site.password()}\r\nPING\r\n".encode())
                return connection.makefile("rb").read(12) == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False

    def url(self, port: int) -> str:
        """Return the address with its password."""
        return f"redis://:{self.site.password()}@127.0.0.1:{port}/0"


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
