"""A client's hold on one server: join the running one, or start it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from voiceassist.runtime import logs
from voiceassist.runtime.environment import PROJECT_ROOT
from voiceassist.runtime.errors import RuntimeProblem, explained
from voiceassist.runtime.lease import Files, LockFile, State
from voiceassist.runtime.server import Site, not_started

Tick = Callable[[str], None]
PAUSE = 0.01  # seconds between looks at a state that another process changes


class Client:
    """Holds the lease on a server from `begin` to `release`."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.files = Files(site.name, site.home.run_dir)
        self.state: State | None = None
        self._starter: subprocess.Popen[bytes] | None = None

    def begin(self, tick: Tick) -> None:
        """Take the lease and start the server if it does not run, without waiting for it."""
        with explained(self.site.home.data_dir):
            _hold(self.files.lease, fcntl.LOCK_SH, tick, "waiting for the earlier servers to stop")
            _hold(self.files.start, fcntl.LOCK_EX, tick, "waiting for another command to start them")
            if not self.files.running() and self.files.keeper.hold(fcntl.LOCK_EX | fcntl.LOCK_NB):
                self._spawn_keeper()

    def finish(self, tick: Tick) -> State:
        """Wait until the server is ready; `tick` hears the stage again and again. Raises RuntimeProblem."""
        with contextlib.ExitStack() as stack:
            stack.callback(self.files.start.drop)
            if self._starter:
                self._follow(self._starter, tick)
            self.state = self._settled(tick)
        return self.state

    def release(self) -> None:
        """Drop the lease; when it was the last, wait until the keeper has stopped the server."""
        self.files.start.drop()
        self.files.lease.drop()
        while self.state and self.state.keeper.alive and not self._others_hold():
            time.sleep(PAUSE)

    def _others_hold(self) -> bool:
        """Tell whether other clients keep the server up. A keeper that stops holds the lease exclusively."""
        lease = self.files.lease
        return not lease.can_be_held(fcntl.LOCK_EX) and lease.can_be_held(fcntl.LOCK_SH)

    def _spawn_keeper(self) -> None:
        """Start a keeper, handing it the lock that says it lives, so that there is never a second one."""
        self.files.withdraw()
        lock = self.files.keeper.descriptor
        assert lock is not None  # noqa: S101
        with explained(self.site.home.logs_dir), logs.open_log(self.site.log, rotate=False) as log:
            self._starter = subprocess.Popen(
                [sys.executable, "-S", "-m", "voiceassist.runtime.keeper", *_arguments(self.site)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=(lock,),
                cwd="/",
                env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
                start_new_session=True,
            )
        self.files.keeper.drop()

    def _follow(self, starter: subprocess.Popen[bytes], tick: Tick) -> None:
        """Pass on the keeper's stages until it is ready. Raises what it reports."""
        assert starter.stdout is not None  # noqa: S101
        stage = ""
        with starter.stdout as stream:
            while True:
                tick(stage)
                if not select.select([stream], [], [], 0.1)[0]:
                    continue
                line = stream.readline()
                message: dict[str, Any] = json.loads(line) if line else {"ready": False}
                if "problem" in message:
                    raise RuntimeProblem.from_dict(message["problem"])
                if "ready" in message:
                    break
                stage = message["stage"]
        starter.wait()

    def _settled(self, tick: Tick) -> State:
        """Return the state; wait if the keeper was started by a client that died meanwhile."""
        while not (state := self.files.running()):
            tick("")
            if self.files.keeper.can_be_held(fcntl.LOCK_EX):
                raise not_started(self.site, "the process that keeps it ended")
            time.sleep(PAUSE)
        return state


def _hold(lock: LockFile, mode: int, tick: Tick, stage: str) -> None:
    """Take a lock by asking again and again, so that `tick` can interrupt."""
    while not lock.hold(mode | fcntl.LOCK_NB):
        tick(stage)
        time.sleep(PAUSE)


def _arguments(site: Site) -> list[str]:
    given = [site.name, "--data-dir", str(site.home.data_dir), "--servers-dir", str(site.home.servers_dir)]
    given += ["--package", str(site.package)]
    if site.account:
        given += ["--account", f"{site.account.uid}:{site.account.gid}"]
    return [*given, "--throwaway"] if site.throwaway else given
