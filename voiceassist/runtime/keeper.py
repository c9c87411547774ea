"""The keeper: a small process that owns one server and stops it when its last client is gone.

Started detached by a client with `python -S -m voiceassist.runtime.keeper`. It starts the server from its
main thread, with a death signal, so that the server never outlives it; then a second thread waits for the
exclusive lock on the lease. A server that dies is started again on the same port. On standard output it
tells its starter, in lines of JSON, the stage it is in, then that it is ready or what went wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from voiceassist.runtime import logs, ports, process
from voiceassist.runtime.account import Account
from voiceassist.runtime.errors import RuntimeProblem, explained
from voiceassist.runtime.lease import Files, State
from voiceassist.runtime.paths import Home
from voiceassist.runtime.postgres import Postgres
from voiceassist.runtime.process import Identity
from voiceassist.runtime.server import Server, Site, not_started
from voiceassist.runtime.valkey import Valkey

SERVERS: dict[str, Callable[[Site], Server]] = {"postgres": Postgres, "valkey": Valkey}
LAST_CLIENT_GONE = signal.SIGUSR1
WATCHED = {signal.SIGCHLD, signal.SIGTERM, LAST_CLIENT_GONE}
IGNORED = {signal.SIGINT, signal.SIGHUP, signal.SIGPIPE}
READY_WITHIN = 60.0  # seconds; crash recovery of a large database takes a while
HOUSEKEEPING = 60.0  # seconds between looks at the log's size
MAX_DEATHS = 5  # within DEATHS_WINDOW seconds, after which the keeper gives up
DEATHS_WINDOW = 60.0


class Report:
    """What the keeper tells its starter, who may be gone."""

    def say(self, **message: object) -> None:
        """Write one line of JSON."""
        with contextlib.suppress(OSError):
            os.write(1, json.dumps(message).encode() + b"\n")

    def stage(self, text: str) -> None:
        """Tell what is being done now."""
        self.say(stage=text)

    def close(self) -> None:
        """Let the starter go on."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 1)
        os.close(nowhere)


class Keeper:
    """Starts, watches and stops one server."""

    def __init__(self, server: Server, report: Report) -> None:
        self.server = server
        self.site = server.site
        self.files = Files(self.site.name, self.site.home.run_dir)
        self.report = report
        self.child: subprocess.Popen[bytes] | None = None
        self.port = 0
        self.deaths: list[float] = []

    def run(self) -> None:
        """Serve until the last client is gone. Raises RuntimeProblem when the server cannot start."""
        try:
            self._start()
            self.report.say(ready=True)
            self.report.close()
            threading.Thread(target=self._await_last_client, daemon=True).start()
            self._watch()
        finally:
            self.stop()

    def stop(self) -> None:
        """Withdraw the address, stop the server, and remove what was only for now."""
        self.files.withdraw()
        if self.child and self.child.poll() is None:
            process.stop(self.child, self.server.stop_signals)
        if self.site.throwaway:
            shutil.rmtree(self.site.data, ignore_errors=True)

    def _start(self) -> None:
        with explained(self.site.home.data_dir):
            log = logs.open_log(self.site.log)
            os.dup2(log.fileno(), 2)
            log.close()
        with explained(self.site.home.servers_dir):
            self.server.prepare(self.report.stage)
            self._launch(ports.remembered(self.site.port_file))

    def _launch(self, port: int) -> None:
        """Start the server on `port`, or on another if somebody was quicker to take it."""
        for attempt in range(3):
            self.port = port if attempt == 0 else ports.remembered(self.site.port_file)
            with logs.open_log(self.site.log, rotate=False) as output:
                self.child = self.server.start(self.port, output)
            if self._becomes_ready(self.child):
                self._publish(self.child)
                return
            if ports.is_free(self.port):
                break
        raise not_started(self.site, self._what_happened())

    def _becomes_ready(self, child: subprocess.Popen[bytes]) -> bool:
        process.wait_until(lambda: child.poll() is not None or self.server.is_ready(child, self.port), READY_WITHIN)
        return child.poll() is None and self.server.is_ready(child, self.port)

    def _what_happened(self) -> str:
        if self.child is None or (code := self.child.poll()) is None:
            return f"it did not answer within {READY_WITHIN:.0f} seconds"
        return f"it ended at once (code {code})"

    def _publish(self, child: subprocess.Popen[bytes]) -> None:
        url = self.server.url(self.port)
        self.files.publish(State(Identity.of(os.getpid()), Identity.of(child.pid), url))

    def _await_last_client(self) -> None:
        self.files.lease.hold(fcntl.LOCK_EX)
        os.kill(os.getpid(), LAST_CLIENT_GONE)

    def _watch(self) -> None:
        while True:
            received = signal.sigtimedwait(WATCHED, HOUSEKEEPING)
            if received is None:
                logs.rotate_when_large(self.site.log)
            elif received.si_signo != signal.SIGCHLD:
                return
            elif self.child and self.child.poll() is not None:
                self._restart()

    def _restart(self) -> None:
        """Start a server that died again, where its clients expect it; give up when it keeps dying."""
        self.files.withdraw()  # newcomers wait until it is back
        now = time.monotonic()
        self.deaths = [*(death for death in self.deaths if now - death < DEATHS_WINDOW), now]
        if len(self.deaths) > MAX_DEATHS:
            raise not_started(self.site, "it keeps dying")
        time.sleep(0.1 * 2 ** (len(self.deaths) - 1) - 0.1)
        self.server.prepare(self.report.stage)
        self._launch(self.port)


def main(arguments: list[str]) -> int:
    """Run a keeper. The lock that says it lives was taken by its starter and is inherited."""
    site = _site(arguments)
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    report = Report()
    try:
        Keeper(SERVERS[site.name](site), report).run()
    except RuntimeProblem as problem:
        report.say(problem=problem.as_dict())
        print(problem, file=sys.stderr, flush=True)
        return 1
    return 0


def _site(arguments: list[str]) -> Site:
    parser = argparse.ArgumentParser(prog="keeper")
    parser.add_argument("name", choices=sorted(SERVERS))
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--servers-dir", type=Path, required=True)
    parser.add_argument("--package", type=Path, required=True)
    parser.add_argument("--account", type=_account)
    parser.add_argument("--throwaway", action="store_true")
    given = parser.parse_args(arguments)
    home = Home(given.data_dir, given.servers_dir)
    return Site(given.name, home, given.package, given.account, given.throwaway)


def _account(text: str) -> Account:
    uid, _, gid = text.partition(":")
    return Account(int(uid), int(gid))


def _detach() -> None:
    """Leave our starter: it waits only for the process that ends here, and init adopts the other."""
    if os.fork():
        os._exit(0)


def _run_as_script() -> NoReturn:
    _detach()
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    _run_as_script()
