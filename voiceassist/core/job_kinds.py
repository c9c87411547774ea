"""What each kind of long work is called, where its result is seen, and what follows when its state changes.

Each app declares its kinds in its `jobs.py`, which `CoreConfig.ready` imports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import import_string

from voiceassist.core.models import Job


def _nowhere(_job: Job) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of long work; `name` is also the name of its task.

    Titles are for people, in plain English, and the same for every subject: they never hold a name or a title.
    `url` gives the path where the work can be seen. `follow` names the function `(*, job)` that brings the subject in
    line with the job; it runs in the transaction of each change of status and must be short. `check` names the function
    `(*, job)` that raises Forbidden when the job's owner may not have this done any more.
    """

    name: str
    title: str
    finished_title: str = ""
    failed_title: str = ""
    url: Callable[[Job], str] = _nowhere
    follow: str = ""
    check: str = ""

    @property
    def finished(self) -> str:
        """Return the title of the notification that it is done."""
        return self.finished_title or f"{self.title} finished"

    @property
    def failed(self) -> str:
        """Return the title of the notification that it failed."""
        return self.failed_title or f"{self.title} failed"


_kinds: dict[str, JobKind] = {}


def declare(kind: JobKind) -> str:
    """Take a kind up and return its name. Raises ValueError for a name that is taken."""
    if _kinds.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"The kind of job {kind.name} is declared twice.")
    return kind.name


def declared() -> list[JobKind]:
    """Return all kinds, by name."""
    return sorted(_kinds.values(), key=lambda kind: kind.name)


def kind_of(job: Job) -> JobKind:
    """Return the job's kind; one that is not declared any more gets a general one."""
    return _kinds.get(job.kind) or JobKind(job.kind, title="Background work")


def follow(job: Job) -> None:
    """Bring the job's subject in line with its new status."""
    if name := kind_of(job).follow:
        import_string(name)(job=job)


def check_owner(job: Job) -> None:
    """Raise Forbidden if the job's owner may not have its work done any more: roles change while a job waits."""
    if name := kind_of(job).check:
        import_string(name)(job=job)
