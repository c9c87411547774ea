"""Long work: a row that shows its progress, and a task queued by name once the row is committed.

    queued ──▶ running ──▶ done · failed · cancelled
      └──────────────────▶ failed · cancelled         and from failed or cancelled back to queued

Every move is one conditional update, so of two that are tried at once one is made. What comes with a move (the
subject's own state, the owner's notification) is written in its transaction; open pages are told after commit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from celery import current_app, current_task
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from voiceassist.core import events, notifications
from voiceassist.core.errors import Conflict, DomainError
from voiceassist.core.job_kinds import check_owner, follow, kind_of
from voiceassist.core.models import Job, JobStatus
from voiceassist.core.pace import Pace

MAX_STARTS = 3  # of one queuing: more means that the work ends its worker
ABANDONED = timedelta(hours=6)  # no word for so long: its worker is gone (the broker's visibility time-out)
UNDER_WAY = (JobStatus.QUEUED, JobStatus.RUNNING)
ENDED_WITHOUT_RESULT = (JobStatus.FAILED, JobStatus.CANCELLED)

logger = structlog.get_logger(__name__)


class JobCancelled(Exception):
    """Raised inside the work when its owner wants it no more; `run_job` turns it into the status."""


class JobHasEnded(Conflict):
    user_message = "This job has ended, so it cannot be cancelled."


class JobNotRetryable(Conflict):
    user_message = "Only a job that failed or was cancelled can be tried again."


# --- What its owner does ---------------------------------------------------------


@transaction.atomic
def start_job(*, kind: str, subject_id: uuid.UUID, owner_id: uuid.UUID | None) -> Job:
    """Create the job's row and queue the task named `kind`, with the job's id, after commit."""
    job = Job.objects.create(kind=kind, subject_id=subject_id, owner_id=owner_id)
    _queue(job)
    return job


@transaction.atomic
def cancel_job(job: Job) -> None:
    """End a waiting job now; ask a running one to end at its next check. Asking again changes nothing.

    Raises JobHasEnded. A job whose worker has not said a word for hours counts as waiting.
    """
    now = timezone.now()
    silent = Q(status=JobStatus.RUNNING, updated_at__lt=now - ABANDONED)
    if _end(job, JobStatus.CANCELLED, where=Q(status=JobStatus.QUEUED) | silent, cancel_requested_at=now):
        return
    if _move(job, where=Q(status=JobStatus.RUNNING, cancel_requested_at=None), cancel_requested_at=now):
        return
    if job.status != JobStatus.RUNNING:
        raise JobHasEnded


@transaction.atomic
def retry_job(job: Job) -> None:
    """Queue a failed or cancelled job anew, from its beginning. Raises JobNotRetryable, Forbidden."""
    anew = {"stage": "", "done": 0, "total": 0, "error": "", "result": None, "cancel_requested_at": None}
    if not _move(job, where=Q(status__in=ENDED_WITHOUT_RESULT), status=JobStatus.QUEUED, **anew):
        raise JobNotRetryable
    check_owner(job)
    follow(job)
    notifications.mark_read_of(job)
    _queue(job)


# --- What its work does ----------------------------------------------------------


def run_job(*, job_id: uuid.UUID, work: Callable[[Job], Any]) -> None:
    """Do a job's work and bring the job to its end; the whole body of a task.

    Whether the owner may still have it done is asked first (`JobKind.check`). `work` takes the job and returns its
    result (ids and counts, or None). It checks by itself what the owner may see at that time, calls `report_progress`
    and `check_not_cancelled` as it goes, and is safe to run again: the task of a killed worker is delivered a second
    time. A DomainError is told to the owner in its own words; any other error is raised after the job has failed.
    """
    job = Job.objects.get(pk=job_id)
    if not _begin(job):
        return
    try:
        _check_starts(job)
        check_owner(job)
        check_not_cancelled(job)
        finish_job(job, result=work(job))
    except JobCancelled:
        _end(job, JobStatus.CANCELLED, where=Q(status=JobStatus.RUNNING))
    except DomainError as problem:
        fail_job(job, error=problem.user_message)
    except Exception:
        title = kind_of(job).title
        fail_job(job, error=f"{title} stopped on an unexpected error. The log has the details; try again.")
        raise


def report_progress(job: Job, *, stage: str, done: int, total: int) -> None:
    """Say that `done` of `total` steps of a stage are done. Cheap enough for every step: most calls change nothing.

    The row and the open pages hear at most four times a second; inside a transaction, only after it is committed.
    """
    pace: Pace = vars(job).setdefault("_pace", Pace())
    if pace.allows(stage) and _move(job, where=Q(status=JobStatus.RUNNING), stage=stage[:40], done=done, total=total):
        events.publish_progress(job)


def check_not_cancelled(job: Job) -> None:
    """Raise JobCancelled if the job's owner wants it no more, or if it has ended otherwise. One small query."""
    if not Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING, cancel_requested_at=None).exists():
        raise JobCancelled


def finish_job(job: Job, *, result: Any = None) -> None:
    """Mark a job as done, with ids and counts as its result. A job that has ended already stays as it is."""
    where = Q(status__in=UNDER_WAY)
    _end(job, JobStatus.DONE, where=where, stage="", done=0, total=0, error="", result=result)


def fail_job(job: Job, *, error: str) -> None:
    """Mark a job as failed with a sentence for its owner. A job that has ended already stays as it is."""
    _end(job, JobStatus.FAILED, where=Q(status__in=UNDER_WAY), error=error)


def _begin(job: Job) -> bool:
    """Note that work begins before it does: a worker that is killed leaves no other trace."""
    takeable = UNDER_WAY if _is_delivered_again() else (JobStatus.QUEUED,)
    if not _move(job, where=Q(status__in=takeable), status=JobStatus.RUNNING, attempts=F("attempts") + 1):
        return False
    job.refresh_from_db(fields=["attempts"])
    events.publish_progress(job)
    return True


def _check_starts(job: Job) -> None:
    """Give up on work that ends its worker each time. Raises DomainError."""
    if job.attempts - _begun_before() > MAX_STARTS:
        raise DomainError(
            f"{kind_of(job).title} was begun {MAX_STARTS} times and the worker stopped each time, so it was given up. "
            "It may need more memory than there is: try something smaller, or again once there is more."
        )


# --- The moves and the queue -----------------------------------------------------


@transaction.atomic
def _end(job: Job, status: JobStatus, *, where: Q, **changes: Any) -> bool:
    if not _move(job, where=where, status=status, **changes):
        return False
    follow(job)
    if status != JobStatus.CANCELLED:
        notifications.notify_owner(job)
    events.publish(_ending(job), user_id=job.owner_id)
    return True


def _ending(job: Job) -> events.Event:
    match job.status:
        case JobStatus.DONE:
            return events.JobDone(job.pk, job.result)
        case JobStatus.FAILED:
            return events.JobFailed(job.pk, job.error)
        case _:
            return events.JobCancelled(job.pk)


def _move(job: Job, *, where: Q, **changes: Any) -> bool:
    """Change the row if it is as `where` says; tell whether it was. `job` is as the row is afterwards."""
    changes["updated_at"] = timezone.now()
    if not Job.objects.filter(where, pk=job.pk).update(**changes):
        job.refresh_from_db()
        return False
    for field, value in changes.items():
        setattr(job, field, value)
    return True


def _queue(job: Job) -> None:
    """Queue the job's task after commit, and tell that it waits."""
    transaction.on_commit(partial(_send_message, job))
    events.publish_progress(job)


def _send_message(job: Job) -> None:
    """Queue the job's task. Its message says how often work was begun before; without a broker the job fails."""
    message = current_app.signature(job.kind, kwargs={"job_id": str(job.pk)}, headers={"begun": job.attempts})
    try:
        message.delay()
    except OperationalError as error:
        logger.error("job_not_queued", kind=job.kind, job=str(job.pk), error=type(error).__name__)  # noqa: TRY400
        fail_job(job, error="This could not be begun: the queue cannot be reached. Try again in a minute.")


def _is_delivered_again() -> bool:
    """Tell whether this is the message of a killed worker, which may go on with a running job.

    A first delivery may not: when a job was cancelled while it waited and queued anew, there are two messages, and
    the second must not start a second run. Outside a task nothing else can be known, so it may.
    """
    if not current_task:
        return True
    return bool((current_task.request.delivery_info or {}).get("redelivered"))


def _begun_before() -> int:
    headers = (current_task.request.headers if current_task else None) or {}
    return int(headers.get("begun", 0))


def redeliver_unfinished() -> None:
    """Put tasks that a killed worker had begun back into their queues now, not after the visibility time-out.

    Only where no worker runs: an embedded broker before its worker starts.
    """
    with current_app.connection_for_write() as broker:
        channel: Any = broker.default_channel
        channel.visibility_timeout = 0
        channel.qos.restore_visible(num=1000)
