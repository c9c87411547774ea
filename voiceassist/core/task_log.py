"""One log line for each background task: name, id, time and outcome; never its arguments or its result.

The id of the request that queued a task goes along in the message's headers, so the lines of both can be found
together. What is bound to log lines is swapped for the time of the task and put back after it.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from celery.signals import before_task_publish, task_failure, task_postrun, task_prerun, task_retry

from voiceassist.core.metrics import TASK_SECONDS, TASKS
from voiceassist.core.request_id import well_formed

_ATTRIBUTE = "log_of_this_run"  # on Celery's request, which is made anew for each run

logger = structlog.get_logger(__name__)


@before_task_publish.connect
def _send_request_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    if headers is not None and request_id:
        headers.setdefault("request_id", request_id)


@task_prerun.connect
def _begin(task: Any, task_id: str, **_: Any) -> None:
    outside = structlog.contextvars.get_contextvars()
    setattr(task.request, _ATTRIBUTE, (outside, time.perf_counter()))
    request_id = well_formed(task.request.get("request_id")) or outside.get("request_id")
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        task=task.name, task_id=task_id, **({"request_id": request_id} if request_id else {})
    )


@task_failure.connect
def _tell_failure(exception: BaseException, **_: Any) -> None:
    logger.error("task_failed", exc_info=exception)


@task_retry.connect
def _tell_retry(reason: Any = None, **_: Any) -> None:
    error = getattr(reason, "exc", None) or reason
    logger.warning("task_retried", error=error if isinstance(error, BaseException) else None)


@task_postrun.connect
def _end(task: Any, state: str | None = None, **_: Any) -> None:
    outside, began = getattr(task.request, _ATTRIBUTE, ({}, time.perf_counter()))
    seconds, outcome = time.perf_counter() - began, (state or "failure").lower()
    TASKS.labels(task.name, outcome).inc()
    TASK_SECONDS.labels(task.name).observe(seconds)
    logger.info("task_finished", outcome=outcome, duration_ms=round(seconds * 1000, 1))
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**outside)
