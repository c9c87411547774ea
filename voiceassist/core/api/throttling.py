"""Rate limits in the shared cache, with standard headers.

A sliding window made of two counters: the last window's count weighs as much as it still overlaps. Each request costs
one atomic increment, so simultaneous requests cannot slip through together. Without Redis the limits fail open;
lock-out after wrong passwords does not depend on them.
"""

from __future__ import annotations

import hashlib
import math
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from voiceassist.core import system_settings
from voiceassist.core.client_address import address_of
from voiceassist.core.system_settings import NumberKey

PERIODS = {"s": 1, "min": 60, "h": 3600, "day": 86400}
SET_BY_ADMINISTRATORS: dict[str, NumberKey] = {
    "chat": "chat_per_minute",
    "search": "search_per_minute",
    "upload": "upload_per_minute",
    "voice": "voice_per_minute",
}


class RateLimit(BaseThrottle):
    """The limit of a scope for each subject. Headers are added by `LimitHeaders`."""

    scope = ""
    by_user = False

    def allow_request(self, request: Request, _view: Any) -> bool:
        """Count the request; tell whether it is within the limit."""
        self.limit, self.period = rate_of(self.scope)
        subject = self.subject(request)
        now = time.time()
        window = int(now // self.period)
        into = now / self.period - window
        key = _key(self.scope, subject, window)
        cache.add(key, 0, timeout=2 * self.period)
        before = cache.get(_key(self.scope, subject, window - 1), 0)
        count = _increment(key)
        used = before * (1 - into) + count
        self.reset = max(1, math.ceil(self.period * (1 - into)))
        note = {"limit": self.limit, "remaining": max(0, math.floor(self.limit - used)), "reset": self.reset}
        _remember(request, note)
        return bool(used <= self.limit)

    def wait(self) -> float:
        """Return the seconds until the window is over."""
        return float(self.reset)

    def subject(self, request: Request) -> str:
        """Return whom the limit counts: the user, or the client's address."""
        if self.by_user and request.user and request.user.is_authenticated:
            return str(request.user.pk)
        return address_of(request)


def limit(scope: str, *, by_user: bool = False) -> type[RateLimit]:
    """Return the throttle class of a scope: `throttle_classes = [limit("login")]`."""
    return type(f"{scope.title()}Limit", (RateLimit,), {"scope": scope, "by_user": by_user})


def rate_of(scope: str) -> tuple[int, int]:
    """Return count and seconds: as administrators set it, or else `settings.RATE_LIMITS`. Raises KeyError."""
    key = SET_BY_ADMINISTRATORS.get(scope)
    return parsed(settings.RATE_LIMITS[scope]) if key is None else (_set_limit(key), PERIODS["min"])


def parsed(rate: str) -> tuple[int, int]:
    """Return count and seconds of `10/min`. Raises ValueError, KeyError."""
    count, _, period = rate.partition("/")
    return int(count), PERIODS[period]


class LimitHeaders:
    """Add `RateLimit-Limit`, `-Remaining` and `-Reset` (IETF httpapi draft 07) of the tightest limit that counted."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        response = self.get_response(request)
        if note := getattr(request, "rate_limit", None):
            response["RateLimit-Limit"] = str(note["limit"])
            response["RateLimit-Remaining"] = str(note["remaining"])
            response["RateLimit-Reset"] = str(note["reset"])
        return response


def _set_limit(key: NumberKey) -> int:
    """Return the value in force, or the default while PostgreSQL is down: the request itself will say that it is."""
    try:
        return system_settings.get(key)
    except (DatabaseError, InterfaceError):
        return int(system_settings.find(key).default)


def _remember(request: Request, note: dict[str, int]) -> None:
    earlier = getattr(request._request, "rate_limit", None)  # noqa: SLF001 (DRF's way to the HttpRequest)
    if earlier is None or note["remaining"] < earlier["remaining"]:
        request._request.rate_limit = note  # type: ignore[attr-defined]  # noqa: SLF001


def _increment(key: str) -> int:
    try:
        return int(cache.incr(key))
    except ValueError:  # it expired between the two commands
        cache.set(key, 1, timeout=60)
        return 1


def _key(scope: str, subject: str, window: int) -> str:
    digest = hashlib.sha256(subject.encode()).hexdigest()[:32]
    return f"rate:{scope}:{digest}:{window}"
