"""What `up` runs for this project."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from voiceassist.runtime.child import Program
from voiceassist.runtime.environment import PROJECT_ROOT

QUEUES = "default,index,notes,export"
MANAGE = str(PROJECT_ROOT / "manage.py")


@dataclass(frozen=True)
class Plan:
    """A command to run first, to its end, and the programs to keep running, in order of start.

    The programs start warming up at once, and go on when a line on their standard input lets them.
    """

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
    options = ["-A", "voiceassist", "worker", "--pool=threads", "--concurrency=1", "--loglevel=WARNING"]
    options += [f"--queues={QUEUES}", "--without-gossip", "--without-mingle"]
    return Program(
        "worker",
        "worker",
        [*warm("celery.apps.worker", "celery.concurrency.thread", "voiceassist.celery"), "celery", *options],
        stop_signals=((signal.SIGTERM, 10.0), (signal.SIGQUIT, 5.0)),
        death_signal=signal.SIGKILL,  # a task must not go on alone; unacknowledged, it runs again
    )


def web(host: str, port: int) -> Program:
    """Return the ASGI server, without daphne's access log: its query strings may hold patients' words."""
    options = ["-v", "0", "-b", host, "-p", str(port)]
    command = [*warm("daphne.cli", "voiceassist.asgi"), "daphne", *options, "voiceassist.asgi:application"]
    return Program("web", "web server", command)


def warm(*modules: str) -> list[str]:
    """Return the start of a command that imports modules before it may go on."""
    return [sys.executable, "-m", "voiceassist.runtime.warm", ",".join(modules)]
