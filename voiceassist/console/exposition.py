"""The metrics of all processes of this machine, in Prometheus' text format."""

from __future__ import annotations

import os
import re
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_LIVE_GAUGE = re.compile(r"gauge_live[a-z]*_(\d+)\.db")


def exposition() -> bytes:
    """Add up what the processes counted into PROMETHEUS_MULTIPROC_DIR; without it, tell what this one counted."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not directory:
        return generate_latest(REGISTRY)
    _bury_the_dead(Path(directory))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=directory)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _bury_the_dead(directory: Path) -> None:
    """Remove the gauges of processes that ended, which count what is now; their counters stay."""
    found = (_LIVE_GAUGE.fullmatch(file.name) for file in directory.glob("gauge_live*.db"))
    for pid in {int(match[1]) for match in found if match}:
        if not _is_alive(pid):
            mark_process_dead(pid, str(directory))  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
