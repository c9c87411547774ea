"""Rate limits in the shared cache.

A sliding window made of two counters: the last window's count weighs as much as it still overlaps. Each request costs
one atomic increment, so simultaneous requests cannot slip through together. Without Redis the limits fail open;
lock-out after wrong passwords does not depend on them.
"""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError

from voiceassist.core import system_settings
from voiceassist.core.client_address import address_of, network_of
from voiceassist.core.errors import DomainError, ErrorCode
from voiceassist.core.metrics import RATE_LIMITED
from voiceassist.core.system_settings import NumberKey

PERIODS = {"s": 1, "min": 60, "h": 3600, "day": 86400}
SET_BY_ADMINISTRATORS: dict[str, NumberKey] = {
    "chat": "chat_per_minute",
    "search": "search_per_minute",
    "upload": "upload_per_minute",
    "voice": "voice_per_minute",
}


class RateLimited(DomainError):
    code = ErrorCode.RATE_LIMITED
    http_status = 429
    user_message = "Too many requests. Wait a little and try again."

    def __init__(self, wait: float = 1.0) -> None:
        self.retry_after = wait
        super().__init__()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a subject stands: `reset` is the seconds until the window is over."""

    limit: int
    remaining: int
    reset: int
    is_within: bool


def count(scope: str, subject: str) -> Standing:
    """Count one request of a subject."""
    limit, period = rate_of(scope)
    now = time.time()
    window = int(now // period)
    into = now / period - window
    key = _key(scope, subject, window)
    cache.add(key, 0, timeout=2 * period)
    before = cache.get(_key(scope, subject, window - 1), 0)
    used = before * (1 - into) + _increment(key, timeout=2 * period)
    if used > limit:
        RATE_LIMITED.labels(scope).inc()
    return Standing(
        limit=limit,
        remaining=max(0, math.floor(limit - used)),
        reset=max(1, math.ceil(period * (1 - into))),
        is_within=used <= limit,
    )


def check(scope: str, request: Any, *, subject: str = "") -> None:
    """Count a request of a page or form, by its address unless a subject is given. Raises RateLimited."""
    standing = count(scope, subject or network_of(address_of(request)))
    remember(request, standing)
    if not standing.is_within:
        raise RateLimited(standing.reset)


def remember(request: Any, standing: Standing) -> None:
    """Keep the tightest limit for the headers of the answer."""
    earlier = getattr(request, "rate_limit", None)
    if earlier is None or standing.remaining < earlier.remaining:
        request.rate_limit = standing


def rate_of(scope: str) -> tuple[int, int]:
    """Return count and seconds: as administrators set it, or else `settings.RATE_LIMITS`. Raises KeyError."""
    key = SET_BY_ADMINISTRATORS.get(scope)
    return parsed(settings.RATE_LIMITS[scope]) if key is None else (_set_limit(key), PERIODS["min"])


def parsed(rate: str) -> tuple[int, int]:
    """Return count and seconds of `10/min`. Raises ValueError, KeyError."""
    number, _, period = rate.partition("/")
    return int(number), PERIODS[period]


class LimitHeaders:
    """Add `RateLimit-Limit`, `-Remaining` and `-Reset` (IETF httpapi draft 07) of the tightest limit that counted."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        response = self.get_response(request)
        standing: Standing | None = getattr(request, "rate_limit", None)
        if standing is not None:
            response["RateLimit-Limit"] = str(standing.limit)
            response["RateLimit-Remaining"] = str(standing.remaining)
            response["RateLimit-Reset"] = str(standing.reset)
        return response


def _set_limit(key: NumberKey) -> int:
    """Return the value in force, or the default while PostgreSQL is down: the request itself will say that it is."""
    try:
        return system_settings.get(key)
    except (DatabaseError, InterfaceError):
        return int(system_settings.find(key).default)


def _increment(key: str, *, timeout: int) -> int:
    try:
        return int(cache.incr(key))
    except ValueError:  # it expired between the two commands
        cache.set(key, 1, timeout=timeout)
        return 1


def _key(scope: str, subject: str, window: int) -> str:
    digest = hashlib.sha256(subject.encode()).hexdigest()[:32]
    return f"rate:{scope}:{digest}:{window}"
