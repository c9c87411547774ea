"""Whether the configured model's endpoint answers: asked for its list of models, which costs nothing."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from voiceassist.ai import gateway
from voiceassist.ai.errors import ModelUnavailable
from voiceassist.console.kept import Kept

WITHIN = 3.0  # seconds
NOT_CONFIGURED, REFUSED_BY_POLICY, NO_SUCH_MODEL = "not_configured", "refused_by_policy", "no_such_model"
OK = "ok"


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """What came of asking. `outcome` is one of the constants above, or why it failed (`ai.errors.Reason`)."""

    outcome: str
    model: str
    checked_at: datetime
    latency_ms: int | None = None

    @property
    def is_ok(self) -> bool:
        return self.outcome == OK

    def as_body(self) -> dict[str, Any]:
        """Return what may be told to anybody: no key, no address."""
        status = {OK: "ok", NOT_CONFIGURED: "not configured"}.get(self.outcome, "unavailable")
        return {
            "status": status,
            "model": self.model,
            "outcome": self.outcome,
            "latency_ms": self.latency_ms,
            "checked_at": self.checked_at.isoformat(timespec="seconds"),
        }


def ask_model() -> ModelHealth:
    """Ask the endpoint for its models, in a thread without an event loop of its own."""
    now = datetime.now(tz=UTC)
    if not settings.OPENAI_BASE_URL:
        return ModelHealth(NOT_CONFIGURED, "", now)
    began = time.perf_counter()
    with ThreadPoolExecutor(1) as thread:
        outcome = thread.submit(_outcome).result()
    return ModelHealth(outcome, gateway.model_name(), now, round((time.perf_counter() - began) * 1000))


def _outcome() -> str:
    try:
        names = asyncio.run(gateway.list_models(within=WITHIN))
    except ModelUnavailable as error:
        return error.reason.value
    except ImproperlyConfigured:
        return REFUSED_BY_POLICY
    return OK if gateway.model_name() in names else NO_SUCH_MODEL


model_health = Kept(ask_model, seconds=30)
