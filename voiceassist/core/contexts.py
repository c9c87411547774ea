"""What the bell shows, as plain values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from voiceassist.core.job_kinds import kind_of
from voiceassist.core.models import Job, JobStatus, Notification

_ORDER: dict[str, int] = {JobStatus.QUEUED: 1, JobStatus.CANCELLED: 2}  # after what is running


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job under way, or one that was just cancelled."""

    id: uuid.UUID
    title: str
    state: str
    done: int
    total: int
    is_running: bool
    can_cancel: bool
    can_retry: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One notification."""

    id: uuid.UUID
    title: str
    text: str
    url: str
    created_at: datetime
    is_unread: bool
    is_failure: bool
    retried_job: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Bell:
    """Everything under the bell. `unread` counts the lines that are not shown here too."""

    jobs: list[JobLine]
    lines: list[Line]
    unread: int


def bell(*, jobs: Iterable[Job], notifications: Iterable[Notification], unread: int) -> Bell:
    """Build what is under the bell; `notifications` come with their jobs."""
    ordered = sorted(jobs, key=lambda job: _ORDER.get(job.status, 0))
    return Bell([_job_line(job) for job in ordered], [_line(row) for row in notifications], unread)


def _job_line(job: Job) -> JobLine:
    is_cancelled = job.status == JobStatus.CANCELLED
    return JobLine(
        id=job.pk,
        title=kind_of(job).title,
        state=_state(job),
        done=job.done,
        total=job.total,
        is_running=job.status == JobStatus.RUNNING,
        can_cancel=not is_cancelled and job.cancel_requested_at is None,
        can_retry=is_cancelled,
    )


def _state(job: Job) -> str:
    if job.status == JobStatus.CANCELLED:
        return "Cancelled"
    if job.cancel_requested_at is not None:
        return "Ending at its next step"
    if job.status == JobStatus.QUEUED:
        return "Waiting to start"
    count = f" · {job.done:,} of {job.total:,}" if job.total > 1 else ""
    return f"{job.stage.capitalize() or 'Starting'}{count}"


def _line(row: Notification) -> Line:
    can_retry = row.job is not None and row.job.status == JobStatus.FAILED and row.kind == "job.failed"
    return Line(
        id=row.pk,
        title=row.title,
        text=row.text,
        url=row.url,
        created_at=row.created_at,
        is_unread=row.read_at is None,
        is_failure=row.kind == "job.failed",
        retried_job=row.job_id if can_retry else None,
    )
