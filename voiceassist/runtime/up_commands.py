"""The commands `up`, `stop` and `status`, which need no Django."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys

from voiceassist.runtime import health, logs
from voiceassist.runtime.configuration import check_settings
from voiceassist.runtime.environment import Environment
from voiceassist.runtime.errors import RuntimeProblem
from voiceassist.runtime.lease import Files
from voiceassist.runtime.model_endpoint import check_model_endpoint
from voiceassist.runtime.paths import Home
from voiceassist.runtime.project import MANAGE
from voiceassist.runtime.server import NAMES
from voiceassist.runtime.supervisor import Supervisor, standing_of
from voiceassist.runtime.terminal import Terminal

STOPS_WITHIN = 90.0  # seconds


def up(arguments: list[str]) -> int:
    """Start everything and look after it."""
    parser = argparse.ArgumentParser(prog="manage.py up", description=up.__doc__)
    parser.add_argument("--detach", action="store_true", help="return when it is ready, and leave it running")
    parser.add_argument("--in-background", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    environment = Environment.load()
    check_model_endpoint(environment.model_url, has_key=environment.has_model_key)
    check_settings(environment)
    if given.detach:
        return _detached()
    leave = (lambda: _leave_terminal(environment)) if given.in_background else (lambda: None)
    return Supervisor(environment, Terminal(), on_ready=leave).run()


def _detached() -> int:
    """Run `up` in a session of its own and show what it prints, until it is ready and closes its output."""
    child = subprocess.Popen(
        [sys.executable, MANAGE, "up", "--in-background"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    assert child.stdout is not None  # noqa: S101
    try:
        for line in child.stdout:
            print(line, end="", flush=True)
    except KeyboardInterrupt:
        child.send_signal(signal.SIGTERM)
        return child.wait()
    record = standing_of(Environment.load().data_dir).running()
    return 0 if record and record.ready else child.wait()


def _leave_terminal(environment: Environment) -> None:
    """Send our output to a log from now on. The demo sign-in was printed before and is in no file."""
    print("It runs in the background; `manage.py stop` ends it.", flush=True)
    with logs.open_log(Home(environment.data_dir, environment.data_dir).logs_dir / "up.log") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)


def stop(arguments: list[str]) -> int:
    """End a running `up`, detached or not, and wait for it."""
    argparse.ArgumentParser(prog="manage.py stop", description=stop.__doc__).parse_args(arguments)
    record = standing_of(Environment.load().data_dir).running()
    if record is None:
        print("VoiceAssist is not running.")
        return 0
    try:
        record.supervisor.send(signal.SIGTERM)
    except PermissionError:
        raise RuntimeProblem("VoiceAssist was started by another user.", "Stop it as that user.") from None
    if not record.supervisor.wait(STOPS_WITHIN):
        raise RuntimeProblem(f"VoiceAssist (process {record.supervisor.pid}) has not ended yet.", "Try again.")
    print("VoiceAssist has stopped.")
    return 0


def status(arguments: list[str]) -> int:
    """Show what runs; the exit code is 0 when `up` is ready and answers so, else 3."""
    parser = argparse.ArgumentParser(prog="manage.py status", description=status.__doc__)
    parser.add_argument("--show-secrets", action="store_true", help="show the servers' addresses with their passwords")
    given = parser.parse_args(arguments)
    environment = Environment.load()
    record = standing_of(environment.data_dir).running()
    ready = record is not None and record.ready and health.is_ready(record.address)
    if record is None:
        print("VoiceAssist is not running.")
    else:
        how = "runs" if ready else "runs, but is not ready," if record.ready else "is being started"
        print(f"VoiceAssist {how} at {record.address or '…'}")
        for name, child in {"supervisor": record.supervisor, **record.children}.items():
            print(f"  {name:<10} process {child.pid}")
    _show_servers(Home(environment.data_dir, environment.data_dir), with_secrets=given.show_secrets)
    return 0 if ready else 3


def _show_servers(home: Home, *, with_secrets: bool) -> None:
    for name in NAMES:
        if state := Files(name, home.run_dir).running():
            where = state.url if with_secrets else "port " + state.url.rpartition(":")[2].partition("/")[0]
            print(f"  {name:<10} process {state.server.pid}, {where}, kept by process {state.keeper.pid}")
