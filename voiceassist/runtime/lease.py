"""The lease: every client of a server holds a shared lock; its keeper waits for the exclusive one.

Four files in the run directory, for each server:

- `NAME.lease`   clients hold it shared, the keeper takes it exclusively once they are all gone;
- `NAME.start`   held by the one client that looks whether a keeper runs and starts it;
- `NAME.keeper`  held by the keeper as long as it lives;
- `NAME.json`    the state the keeper publishes: itself, its server, the address.

The kernel drops a lock with its holder, so `kill -9` releases a lease like a clean exit does.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from voiceassist.runtime.process import Identity


@dataclass(frozen=True)
class State:
    """What a keeper publishes when its server is ready."""

    keeper: Identity
    server: Identity
    url: str


class LockFile:
    """An advisory lock on a file (flock(2)), shared or exclusive, dropped with the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor: int | None = None

    def hold(self, mode: int) -> bool:
        """Take the lock in `mode` (LOCK_SH, LOCK_EX); False when LOCK_NB found it taken."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, mode)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self.descriptor = descriptor
        return True

    def drop(self) -> None:
        """Release the lock, as far as this process holds it."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def can_be_held(self, mode: int) -> bool:
        """Tell whether `mode` could be taken now, without keeping it; nobody holds a file that is gone."""
        probe = LockFile(self.path)
        try:
            return probe.hold(mode | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        finally:
            probe.drop()


class Files:
    """The files of one server in the run directory."""

    def __init__(self, name: str, run_dir: Path) -> None:
        self.lease = LockFile(run_dir / f"{name}.lease")
        self.start = LockFile(run_dir / f"{name}.start")
        self.keeper = LockFile(run_dir / f"{name}.keeper")
        self.state_file = run_dir / f"{name}.json"

    def publish(self, state: State) -> None:
        """Write the state so that readers see all or nothing."""
        unfinished = self.state_file.with_suffix(".json.new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(asdict(state), stream)
        unfinished.rename(self.state_file)

    def withdraw(self) -> None:
        """Remove the state."""
        self.state_file.unlink(missing_ok=True)

    def running(self) -> State | None:
        """Return the state of a living keeper, if there is one."""
        try:
            values = json.loads(self.state_file.read_text(encoding="utf-8"))
            state = State(Identity(**values["keeper"]), Identity(**values["server"]), values["url"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return state if state.keeper.alive else None
