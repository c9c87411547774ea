"""Throw-away servers for the tests: `-p voiceassist.runtime.pytest_plugin`.

They start in the main pytest process, before Django's settings load, and xdist's workers inherit their
addresses. A server whose URL variable is set is left alone. Nothing is kept, even after `kill -9`: the
keepers delete the data, and the next run sweeps what a killed keeper left.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from voiceassist.runtime.account import SYSTEM_HOME
from voiceassist.runtime.errors import RuntimeProblem
from voiceassist.runtime.lease import LockFile
from voiceassist.runtime.paths import make_system_home
from voiceassist.runtime.server import NAMES
from voiceassist.runtime.servers import URL_VARIABLES, servers

OWNER_LOCK = "owner.lock"
PREFIX = ".tmp-"  # no data directory's place begins with a dot, so the sweep cannot meet one
_held = pytest.StashKey[contextlib.ExitStack]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Start the servers before pytest-django reads the settings."""
    if _wanted(early_config):
        try:
            early_config.stash[_held] = _start()
        except RuntimeProblem as problem:
            raise pytest.UsageError(str(problem)) from problem
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers and remove all they wrote."""
    if held := config.stash.get(_held, None):
        held.close()


def _wanted(config: pytest.Config) -> bool:
    in_worker = "PYTEST_XDIST_WORKER" in os.environ
    options = config.known_args_namespace
    return not in_worker and not options.help and not options.version


def _start() -> contextlib.ExitStack:
    """Start what no URL variable replaces, and point DATA_DIR at a directory of this run."""
    needs = [name for name in NAMES if not os.environ.get(URL_VARIABLES[name])]
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(throwaway_directory())
        addresses = stack.enter_context(servers(directory, needs, throwaway=True))
        os.environ.update(addresses.as_environment(), DATA_DIR=str(directory), HOST="127.0.0.1")
        return stack.pop_all()
    raise AssertionError("unreachable")


@contextlib.contextmanager
def throwaway_directory(parent: Path | None = None) -> Iterator[Path]:
    """Make a directory that the system user can reach, removed at the end or by the next run's sweep."""
    parent = parent or _parent()
    guard, owner = LockFile(parent / "sweep.lock"), LockFile(Path())
    guard.hold(fcntl.LOCK_EX)
    try:
        _sweep(parent)
        directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        owner.path = directory / OWNER_LOCK
        owner.hold(fcntl.LOCK_EX)
    finally:
        guard.drop()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        owner.drop()


def _parent() -> Path:
    if os.geteuid() == 0:
        make_system_home()
        return SYSTEM_HOME
    parent = Path(tempfile.gettempdir()) / f"voiceassist-tests-{os.geteuid()}"
    parent.mkdir(mode=0o700, exist_ok=True)
    if parent.stat().st_uid != os.geteuid():
        raise RuntimeProblem(f"{parent} belongs to another user.", "Remove it, or set TMPDIR.")
    return parent


def _sweep(parent: Path) -> None:
    """Remove the directories whose owner was killed."""
    for directory in parent.glob(f"{PREFIX}*"):
        locks = [LockFile(file) for file in (directory / OWNER_LOCK, *directory.glob("run/*.keeper"))]
        with contextlib.suppress(OSError):
            if all(lock.can_be_held(fcntl.LOCK_EX) for lock in locks):
                shutil.rmtree(directory, ignore_errors=True)
