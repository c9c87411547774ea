"""Embedded PostgreSQL: making the cluster, starting the server, knowing when it is ready."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from voiceassist.runtime import process
from voiceassist.runtime.errors import (
    RuntimeProblem,
    ServerNotStarted,
    WrongDataVersion,
    disk_full,
    explained,
)
from voiceassist.runtime.server import Site, Stage, StopSignals, not_started

MAJOR_VERSION = "18"
ROLE = DATABASE = "voiceassist"
EXTENSIONS = ("vector", "pg_trgm", "unaccent", "btree_gin")
SUPERUSER = "postgres"

# Only PostgreSQL's own tools in single-user mode ever act as the superuser: it has no password.
HOST_RULES = "host all all 127.0.0.1/32 scram-sha-256\n"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    # Statements and details carry patients' words: errors are logged without them.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class Postgres:
    """The PostgreSQL server of one home."""

    death_signal = signal.SIGINT  # a fast shutdown

    def __init__(self, site: Site) -> None:
        self.site = site
        self.cluster = site.data
        self.programs = site.package / "pginstall" / "bin"
        fast, immediate = (signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0)
        self.stop_signals: StopSignals = [immediate] if site.throwaway else [fast, immediate]

    def prepare(self, stage: Stage) -> None:
        """Make the cluster if there is none. Raises DiskFull, WrongDataVersion, ServerNotStarted."""
        with explained(self.site.home.servers_dir):
            if not self.cluster.exists():
                stage("creating the database files")
                self._make_cluster()
            self._check_version()
            stage("waiting for an earlier server to end")
            self._wait_for_earlier_server()
        stage("starting PostgreSQL")

    def start(self, port: int, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the postmaster."""
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        values = SETTINGS | (THROWAWAY_SETTINGS if self.site.throwaway else {})
        options = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
        return process.spawn(
            [self.programs / "postgres", "-D", self.cluster, "-p", str(port), *options],
            death_signal=self.death_signal,
            output=output,
            account=self.site.account,
            env=_environment(),
            cwd=Path("/"),
        )

    def is_ready(self, process: subprocess.Popen[bytes], port: int) -> bool:  # noqa: ARG002  (a Server)
        """Read the status that the postmaster keeps in the eighth line of its pid file, as pg_ctl does."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(process.pid)] and [line.strip() for line in lines[7:8]] == ["ready"]

    def url(self, port: int) -> str:
        """Return the address of the application's database, for the application's role."""
        return f"postgres://{ROLE}:{self.site.password()}@127.0.0.1:{port}/{DATABASE}"

    def _make_cluster(self) -> None:
        """Make a complete cluster aside and rename it, so that a failure leaves nothing half-made."""
        self._sweep()
        unfinished = Path(tempfile.mkdtemp(prefix=".postgres-new-", dir=self.cluster.parent))
        try:
            if self.site.account:
                self.site.account.own(unfinished)
            self._initdb(unfinished)
            (unfinished / "pg_hba.conf").write_text(HOST_RULES, encoding="ascii")
            self._single_user(unfinished, "template1", _set_up(self.site.password()))
            if not self.site.throwaway:
                _sync_file_system(unfinished)
            unfinished.rename(self.cluster)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove what a killed attempt left."""
        for leftover in self.cluster.parent.glob(".postgres-new-*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _initdb(self, directory: Path) -> None:
        options = ["--locale-provider=builtin", "--locale=C.UTF-8", "--encoding=UTF8", "--auth=reject"]
        options += [f"--username={SUPERUSER}", "--no-sync", "--no-instructions", "--pgdata", str(directory)]
        self._run([self.programs / "initdb", *options], "initdb failed")

    def _single_user(self, directory: Path, database: str, statements: list[str]) -> None:
        """Run statements as the superuser, without a server; `-j` ends one at semicolon and empty line."""
        command: list[str | Path] = [self.programs / "postgres", "--single", "-j", "-F", "-D", directory]
        command += ["-c", "exit_on_error=on", "-c", "log_checkpoints=off", database]
        script = "".join(f"{statement};\n\n" for statement in statements)
        self._run(command, "its set-up failed", script)

    def _run(self, command: list[str | Path], failure: str, script: str = "") -> None:
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as output:
            stdin.write(script.encode())
            stdin.seek(0)
            tool = process.spawn(
                command,
                death_signal=signal.SIGKILL,
                output=output,
                stdin=stdin,
                account=self.site.account,
                env=_environment(),
                cwd=Path("/"),
            )
            if tool.wait():
                output.seek(0)
                raise self._failed(failure, output.read().decode(errors="replace"))

    def _failed(self, failure: str, said: str) -> RuntimeProblem:
        if "No space left on device" in said or "Disk quota exceeded" in said:
            return disk_full(self.site.home.servers_dir)
        quoted = "\n".join(f"    {line}" for line in said.strip().splitlines()[-8:])
        return ServerNotStarted(f"postgres did not start: {failure}. It said:\n{quoted}")

    def _check_version(self) -> None:
        file = self.cluster / "PG_VERSION"
        version = file.read_text(encoding="ascii").strip() if file.exists() else "unknown"
        if version != MAJOR_VERSION:
            raise WrongDataVersion(
                f"{self.cluster} holds data of PostgreSQL {version}, and this is PostgreSQL {MAJOR_VERSION}.",
                "Export them with pg_dump of that version, move the directory away, and import them again.",
            )

    def _wait_for_earlier_server(self) -> None:
        """Let the server of a killed keeper end: it has its signal already."""
        if process.wait_until(lambda: not process.working_in(self.cluster), 30):
            return
        for pid in process.working_in(self.cluster):
            os.kill(pid, signal.SIGQUIT)
        if not process.wait_until(lambda: not process.working_in(self.cluster), 10):
            pids = process.working_in(self.cluster)
            raise not_started(self.site, f"an earlier server still uses the files (processes {pids})")


def _set_up(password: str) -> list[str]:
    """Return the statements that make the role, the extensions (for test databases too) and the database."""
    extensions = [f"CREATE EXTENSION {name}" for name in EXTENSIONS]
    role = f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'"
    return [*extensions, role, f"CREATE DATABASE {DATABASE} OWNER {ROLE}"]


def _environment() -> dict[str, str]:
    """Return an environment without the PG* variables of whoever runs this."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _sync_file_system(directory: Path) -> None:
    """Flush the new files in one go, many times faster than initdb's file by file: see syncfs(2)."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        ctypes.CDLL(None, use_errno=True).syncfs(descriptor)
    finally:
        os.close(descriptor)
