"""Reads of jobs and notifications. Each belongs to one user; nobody else sees it, administrators included."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from voiceassist.core.models import Job, JobStatus, Notification

JUST_CANCELLED = timedelta(hours=1)  # how long a cancelled job is offered for another try


def jobs_of(user_id: uuid.UUID) -> QuerySet[Job]:
    """Return the jobs that a user asked for, newest first."""
    return Job.objects.filter(owner_id=user_id)


def jobs_to_watch(user_id: uuid.UUID, *, now: datetime) -> QuerySet[Job]:
    """Return a user's jobs that have not ended, or that were cancelled a short while ago."""
    under_way = Q(status__in=[JobStatus.QUEUED, JobStatus.RUNNING])
    cancelled = Q(status=JobStatus.CANCELLED, updated_at__gt=now - JUST_CANCELLED)
    return jobs_of(user_id).filter(under_way | cancelled)


def notifications_of(user_id: uuid.UUID) -> QuerySet[Notification]:
    """Return the lines under a user's bell, newest first."""
    return Notification.objects.filter(user_id=user_id)


def unread_count(user_id: uuid.UUID) -> int:
    """Return how many of them were not read yet."""
    return notifications_of(user_id).filter(read_at=None).count()
