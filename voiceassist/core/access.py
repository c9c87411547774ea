"""Doors to jobs and notifications: another user's and a missing one look the same."""

from __future__ import annotations

import uuid

from voiceassist.core.errors import NotFound
from voiceassist.core.models import Job, Notification
from voiceassist.core.queries import jobs_of, notifications_of


class JobNotFound(NotFound):
    user_message = "This job does not exist, or it is not yours to see."


class NotificationNotFound(NotFound):
    user_message = "This notification does not exist, or it is not yours to see."


def get_own_job(*, user_id: uuid.UUID, job_id: uuid.UUID) -> Job:
    """Return a job that the user asked for. Raises JobNotFound."""
    job = jobs_of(user_id).filter(pk=job_id).first()
    if job is None:
        raise JobNotFound
    return job


def get_own_notification(*, user_id: uuid.UUID, notification_id: uuid.UUID) -> Notification:
    """Return a line under the user's bell. Raises NotificationNotFound."""
    notification = notifications_of(user_id).filter(pk=notification_id).first()
    if notification is None:
        raise NotificationNotFound
    return notification
