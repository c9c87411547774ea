"""Real servers in throw-away directories; clients are processes of their own, so that they can be killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from voiceassist.runtime import process
from voiceassist.runtime.environment import PROJECT_ROOT
from voiceassist.runtime.process import Identity
from voiceassist.runtime.pytest_plugin import throwaway_directory
from voiceassist.runtime.servers import servers

ENDS_WITHIN = 10  # seconds

HOLD = """
import json, pathlib, sys
from dataclasses import asdict
from voiceassist.runtime import servers
with servers(pathlib.Path(sys.argv[1]), sys.argv[2:]) as addresses:
    print(json.dumps({name: asdict(state) for name, state in addresses.states.items()}), flush=True)
    sys.stdin.read()
"""


class OtherCommand:
    """Another process that holds the servers until it is told to leave, or killed."""

    def __init__(self, data_dir: Path, *needs: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(data_dir), *needs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT_ROOT,
            text=True,
        )
        self._told: dict[str, dict[str, dict[str, int]]] = {}

    @property
    def told(self) -> dict:
        """What it was given; waits until its servers are ready."""
        self._told = self._told or json.loads(self.process.stdout.readline() or "{}")
        return self._told

    def server(self, name: str = "postgres") -> Identity:
        return Identity(**self.told[name]["server"])

    def keeper(self, name: str = "postgres") -> Identity:
        return Identity(**self.told[name]["keeper"])

    def url(self, name: str = "postgres") -> str:
        return self.told[name]["url"]

    def everyone(self) -> list[Identity]:
        return [who for name in self.told for who in (self.server(name), self.keeper(name))]

    def leave(self) -> None:
        self.begin_to_leave()
        self.process.wait()

    def begin_to_leave(self) -> None:
        self.process.stdin.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def prepared_data_dir() -> Iterator[Path]:
    """A data directory whose database exists already: starting it takes a third of a second."""
    with throwaway_directory() as directory:
        with servers(directory):
            pass
        yield directory
        _end_all_in(directory)


@pytest.fixture
def data_dir(prepared_data_dir: Path) -> Iterator[Path]:
    """The prepared data directory; nothing may run in it after the test."""
    yield prepared_data_dir
    left = _everything_in(prepared_data_dir)
    assert process.wait_until(lambda: not _everything_in(prepared_data_dir), ENDS_WITHIN), left


@pytest.fixture
def empty_data_dir() -> Iterator[Path]:
    with throwaway_directory() as directory:
        yield directory
        _end_all_in(directory)


@pytest.fixture
def other_command(data_dir: Path) -> Iterator[Callable[..., OtherCommand]]:
    """Start another command that holds the servers."""
    started: list[OtherCommand] = []

    def start(*needs: str) -> OtherCommand:
        started.append(OtherCommand(data_dir, *(needs or ("postgres", "valkey"))))
        return started[-1]

    yield start
    for command in started:
        command.leave()
        command.process.stdout.close()


def _everything_in(directory: Path) -> list[int]:
    inside = [directory / "postgres", directory / "valkey"]
    return [pid for place in inside if place.exists() for pid in process.working_in(place)]


def _end_all_in(directory: Path) -> None:
    process.wait_until(lambda: not _everything_in(directory), ENDS_WITHIN)
    for pid in _everything_in(directory):
        os.kill(pid, signal.SIGKILL)


def all_end(*processes: Identity) -> bool:
    """Wait for the end of processes that are not ours."""
    return all(process.wait(ENDS_WITHIN) for process in processes)


def backends(postgres: Identity) -> list[Identity]:
    """Return the postmaster's children."""
    text = Path(f"/proc/{postgres.pid}/task/{postgres.pid}/children").read_text(encoding="ascii")
    found = []
    for pid in text.split():
        with contextlib.suppress(ProcessLookupError):  # some live for a moment only
            found.append(Identity.of(int(pid)))
    return found


def query(url: str, statement: str) -> list[tuple]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def environment_without_servers(**values: str) -> dict[str, str]:
    """Return our environment for a command that shall find no server."""
    hidden = {"DATABASE_URL", "REDIS_URL", "PORT", "HOST", "DATA_DIR"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return {name: value for name, value in kept.items() if name not in hidden} | values


@pytest.fixture(autouse=True)
def _ctrl_c_works():
    """Let children hear Ctrl-C also where a shell started the tests in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
