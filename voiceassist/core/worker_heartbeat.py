"""A sign of life of the background workers, so that health can tell when nobody takes up work."""

from __future__ import annotations

from typing import Any

import redis
import structlog
from celery import bootsteps
from django.conf import settings

KEY = "voiceassist:worker:alive"
EVERY = 10.0  # seconds
ALIVE = 35  # seconds without a sign until nobody counts as working

logger = structlog.get_logger(__name__)


class HeartbeatStep(bootsteps.StartStopStep):
    """Beats from the worker's own loop, once it consumes and as long as it does.

    Whatever stops the loop stops the beat: a lost broker, a worker that hangs, a worker that ended.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)
    timer: Any = None

    def start(self, parent: Any) -> None:
        """Beat now, and then every ten seconds."""
        beat()
        self.timer = parent.timer.call_repeatedly(EVERY, beat)

    def stop(self, _parent: Any) -> None:
        """Stop beating; the last sign expires."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


def beat() -> None:
    """Say that a worker is there. Without Redis there is no work either."""
    try:
        with _connection() as client:
            client.set(KEY, 1, ex=ALIVE)
    except redis.RedisError as error:
        logger.warning("worker_heartbeat_lost", error=error)


def is_alive() -> bool:
    """Tell whether any worker beat lately. Raises redis.RedisError."""
    with _connection() as client:
        return bool(client.exists(KEY))


def _connection() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
