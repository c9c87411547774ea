"""Long work: a row that shows its progress, and a task queued by name once the row is committed."""

from __future__ import annotations

import uuid
from typing import Any

from celery import current_app
from django.db import transaction

from voiceassist.core.models import Job, JobStatus


def start_job(*, kind: str, subject_id: uuid.UUID, owner_id: uuid.UUID | None) -> Job:
    """Create the job's row and queue the task named `kind`, with the job's id, after commit."""
    job = Job.objects.create(kind=kind, subject_id=subject_id, owner_id=owner_id)
    transaction.on_commit(lambda: current_app.signature(kind, kwargs={"job_id": str(job.pk)}).delay())
    return job


def finish_job(job: Job) -> None:
    """Mark a job as done."""
    job.report(status=JobStatus.DONE, stage="", done=0, total=0, error="")


def fail_job(job: Job, *, error: str) -> None:
    """Mark a job as failed with a sentence for its owner."""
    job.report(status=JobStatus.FAILED, error=error)


def redeliver_unfinished() -> None:
    """Put tasks that a killed worker had begun back into their queues now, not after the visibility time-out.

    Only where no worker runs: an embedded broker before its worker starts.
    """
    with current_app.connection_for_write() as broker:
        channel: Any = broker.default_channel
        channel.visibility_timeout = 0
        channel.qos.restore_visible(num=1000)
