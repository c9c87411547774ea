"""A client's hold on one server: join the running one, or start it."""

from __future__ import annotations

import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from typing import IO, Any

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
            self._start_if_needed()

    def finish(self, tick: Tick) -> State:
        """Wait until the server is ready; `tick` hears the stage again and again. Raises RuntimeProblem."""
        try:
            while not (state := self.files.running()):
                self._start_if_needed()
                self._follow(tick)
        finally:
            self._dismiss_starter()
            self.files.start.drop()
        self.state = state
        return state

    def _start_if_needed(self) -> None:
        """Start a keeper unless there is one: ready, or ending, or started by a client that died since."""
        if self._starter or self.files.running():
            return
        if self.files.keeper.hold(fcntl.LOCK_EX | fcntl.LOCK_NB):
            self._spawn_keeper()

    def refresh(self) -> None:
        """Take note of a server that its keeper started again."""
        self.state = self.files.running() or self.state

    @property
    def lost(self) -> bool:
        """Tell whether the keeper we relied on is gone, and its server with it."""
        return self.state is not None and not self.state.keeper.alive

    def renew(self, tick: Tick) -> State:
        """Start the server again after its keeper was killed. Raises RuntimeProblem."""
        _hold(self.files.start, fcntl.LOCK_EX, tick, "waiting for another command to start them")
        return self.finish(tick)

    def release(self) -> None:
        """Drop the lease; when it was the last, wait until the keeper has stopped the server."""
        self._dismiss_starter()
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
                bufsize=0,
                cwd="/",
                env={"PATH": os.defpath, "PYTHONPATH": str(PROJECT_ROOT)},
                start_new_session=True,
            )
        self.files.keeper.drop()

    def _follow(self, tick: Tick) -> None:
        """Wait for the keeper we started, or a moment for another's. Raises what ours reports."""
        if self._starter is None or self._starter.stdout is None:
            tick("")
            time.sleep(PAUSE)
            return
        try:
            self._listen(self._starter.stdout, tick)
        finally:
            self._dismiss_starter()

    def _dismiss_starter(self) -> None:
        """Let go of the process that handed over to the keeper; it ended then."""
        starter, self._starter = self._starter, None
        if starter and starter.stdout:
            starter.stdout.close()
            starter.wait()

    def _listen(self, stream: IO[bytes], tick: Tick) -> None:
        """Pass on the keeper's stages until it is ready."""
        stage = ""
        while True:
            tick(stage)
            if select.select([stream], [], [], 0.1)[0]:
                message: dict[str, Any] = json.loads(stream.readline() or '{"lost": true}')
                if "ready" in message:
                    return
                if "problem" in message:
                    raise RuntimeProblem.from_dict(message["problem"])
                if "lost" in message:
                    raise not_started(self.site, "the process that keeps it ended")
                stage = message["stage"]


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
