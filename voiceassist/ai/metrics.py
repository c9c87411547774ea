"""What is counted of calls to models."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

from voiceassist.ai.errors import ModelUnavailable
from voiceassist.core.metrics import SECONDS

CALL_SECONDS = (*SECONDS, 60.0, 120.0, 300.0, 600.0)

MODEL_CALLS = Counter("voiceassist_model_calls_total", "Calls to models.", ["provider", "route", "outcome"])
MODEL_CALL_SECONDS = Histogram(
    "voiceassist_model_call_duration_seconds",
    "Time that calls to models took, with retries.",
    ["provider", "route"],
    buckets=CALL_SECONDS,
)


@contextmanager
def counted(*, provider: str, route: str) -> Iterator[None]:
    """Count one call by how it ends: `ok`, `stopped` by whoever listened, the reason of a failure, or `error`."""
    began, outcome = time.perf_counter(), "ok"
    try:
        yield
    except ModelUnavailable as error:
        outcome = error.reason.value
        raise
    except (GeneratorExit, asyncio.CancelledError):
        outcome = "stopped"
        raise
    except BaseException:
        outcome = "error"
        raise
    finally:
        MODEL_CALLS.labels(provider, route, outcome).inc()
        MODEL_CALL_SECONDS.labels(provider, route).observe(time.perf_counter() - began)
