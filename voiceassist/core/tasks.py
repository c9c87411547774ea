from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from voiceassist.core.notifications import sweep


@shared_task(name="core.sweep_notifications")
def sweep_notifications() -> None:
    """Delete notifications that nobody looks for any more; for a daily timer."""
    sweep(now=timezone.now())
