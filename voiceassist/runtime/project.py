"""What `up` runs for this project."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from voiceassist.runtime.child import Program
from voiceassist.runtime.environment import PROJECT_ROOT

MANAGE = str(PROJECT_ROOT / "manage.py")


@dataclass(frozen=True)
class Plan:
    """A command to run first, to its end, and the programs to keep running, in order of start."""

    prepare: Sequence[str]
    programs: Sequence[Program]


def plan(host: str, port: int) -> Plan:
    """Return what makes a VoiceAssist that answers on `host` and `port`."""
    return Plan([sys.executable, MANAGE, "prepare"], [worker(), web(host, port)])


def worker() -> Program:
    """Return the background worker.

    Its pool is a thread, so that a killed worker leaves no pool process behind and a busy one still answers.
    SIGTERM lets it finish its task; SIGQUIT makes it put the task back into the queue.
    """
    options = ["worker", "--pool=threads", "--concurrency=1", "--loglevel=WARNING", "--queues=default,index"]
    options += ["--without-gossip", "--without-mingle"]
    return Program(
        "worker",
        "worker",
        [sys.executable, "-m", "celery", "-A", "voiceassist", *options],
        stop_signals=((signal.SIGTERM, 10.0), (signal.SIGQUIT, 5.0)),
        death_signal=signal.SIGKILL,  # a task must not go on alone; unacknowledged, it runs again
    )


def web(host: str, port: int) -> Program:
    """Return the ASGI server, without daphne's access log: its query strings may hold patients' words."""
    options = ["-v", "0", "-b", host, "-p", str(port)]
    return Program("web", "web server", [sys.executable, "-m", "daphne", *options, "voiceassist.asgi:application"])
