"""Lines under a user's bell: written, read, and swept when they are old."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from django.utils import timezone

from voiceassist.core import events
from voiceassist.core.job_kinds import kind_of
from voiceassist.core.models import Job, JobStatus, Notification
from voiceassist.core.queries import notifications_of

KEPT_FOR = timedelta(days=90)
MAIL_TASK = "accounts.mail_notification"  # queued by name: accounts stand above this app

logger = structlog.get_logger(__name__)


@transaction.atomic
def notify(
    *, user_id: uuid.UUID, kind: str, title: str, text: str = "", url: str = "", job: Job | None = None
) -> Notification:
    """Write a line under a user's bell, and tell their open pages after commit.

    Neither `title` nor `text` may hold patient text, file names or titles. `url` is a path of ours; others raise
    ValueError. The user's own old lines are swept on the way.
    """
    if url and (not url.startswith("/") or url.startswith(("//", "/\\"))):
        raise ValueError("A notification leads to a path of ours.")
    row = Notification.objects.create(user_id=user_id, kind=kind, title=title, text=text, url=url, job=job)
    notifications_of(user_id).filter(created_at__lt=row.created_at - KEPT_FOR).delete()
    events.publish(events.Notified.of(row), user_id=user_id)
    transaction.on_commit(partial(_queue_mail, row.pk), robust=True)
    return row


def _queue_mail(notification_id: uuid.UUID) -> None:
    """Let whoever knows the user's wishes decide whether it is mailed, too."""
    try:
        current_app.signature(MAIL_TASK, kwargs={"notification_id": str(notification_id)}).apply_async(retry=False)
    except OSError as error:
        logger.warning("notification_mail_not_queued", error=type(error).__name__)


def notify_owner(job: Job) -> None:
    """Tell a job's owner, if it has one, that it is done or that it failed."""
    if job.owner_id is None:
        return
    kind, is_done = kind_of(job), job.status == JobStatus.DONE
    url = kind.url(job)
    failure = "Open it to see why, or try again." if url else "It can be tried again."
    notify(
        user_id=job.owner_id,
        kind="job.done" if is_done else "job.failed",
        title=kind.finished if is_done else kind.failed,
        text="" if is_done else failure,
        url=url,
        job=job,
    )


def mark_read(notification: Notification) -> None:
    """Note that a line was read; the first time counts."""
    if Notification.objects.filter(pk=notification.pk, read_at=None).update(read_at=timezone.now()):
        notification.refresh_from_db(fields=["read_at"])


def mark_all_read(*, user_id: uuid.UUID) -> int:
    """Note that the user has read every line; return how many were new."""
    return notifications_of(user_id).filter(read_at=None).update(read_at=timezone.now())


def mark_read_of(job: Job) -> None:
    """Note that what was said of a job is read: its owner has acted on it."""
    Notification.objects.filter(job=job, read_at=None).update(read_at=timezone.now())


def sweep(*, now: datetime) -> int:
    """Delete every user's lines from more than 90 days ago; return how many."""
    deleted, _ = Notification.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return deleted
