"""Work that is due every hour, queued by whichever worker notices first.

Celery's own beat is one more process to keep alive exactly once; embedded in a worker it outlives a killed one. Here
every worker looks each minute, and a key in Redis lets one of them queue each task of each hour.
"""

from __future__ import annotations

import time
from typing import Any

import redis
import structlog
from celery import bootsteps, current_app
from django.conf import settings

LOOK_EVERY = 60.0  # seconds
HOUR = 3600  # seconds

logger = structlog.get_logger(__name__)


class HourlyStep(bootsteps.StartStopStep):
    """Looks from the worker's own loop whether an hour's work was queued already."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    timer: Any = None

    def start(self, parent: Any) -> None:
        """Look every minute."""
        self.timer = parent.timer.call_repeatedly(LOOK_EVERY, queue_what_is_due)

    def stop(self, _parent: Any) -> None:
        """Stop looking."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


def queue_what_is_due() -> list[str]:
    """Queue each of settings.HOURLY_TASKS once an hour, among all workers; return the names of those queued now."""
    hour = int(time.time()) // HOUR
    queued: list[str] = []
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            for name in settings.HOURLY_TASKS:
                if client.set(f"voiceassist:hourly:{name}:{hour}", 1, nx=True, ex=2 * HOUR):
                    current_app.signature(name).delay()
                    queued.append(name)
    except Exception as error:  # noqa: BLE001 (a timer that raises is not called again)
        logger.warning("hourly_tasks_not_queued", error=type(error).__name__)
    return queued
