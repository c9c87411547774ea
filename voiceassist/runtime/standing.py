"""The record of a running `up`: one for each data directory."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from voiceassist.runtime.lease import LockFile
from voiceassist.runtime.process import Identity


@dataclass
class Record:
    """Who runs, where it answers, and which processes it looks after."""

    supervisor: Identity
    address: str = ""
    ready: bool = False
    children: dict[str, Identity] = field(default_factory=dict)


class Standing:
    """The lock and the record in the run directory."""

    def __init__(self, run_dir: Path) -> None:
        self.lock = LockFile(run_dir / "up.lock")
        self.file = run_dir / "up.json"

    @contextlib.contextmanager
    def claimed(self) -> Iterator[bool]:
        """Try to be the one `up` of this data directory; yield whether we are."""
        mine = self.lock.hold(fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield mine
        finally:
            if mine:
                self.file.unlink(missing_ok=True)
                self.lock.drop()

    def write(self, record: Record) -> None:
        """Publish the record; readers see all or nothing."""
        unfinished = self.file.with_suffix(".json.new")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(asdict(record), stream)
        unfinished.rename(self.file)

    def last(self) -> Record | None:
        """Return the record as it was last written, be its `up` alive or killed."""
        try:
            values = json.loads(self.file.read_text(encoding="utf-8"))
            children = {name: Identity(**child) for name, child in values["children"].items()}
            supervisor = Identity(**values["supervisor"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Record(supervisor, values["address"], values["ready"], children)

    def running(self) -> Record | None:
        """Return the record of a living `up`."""
        record = self.last()
        return record if record and record.supervisor.alive else None
