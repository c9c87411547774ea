"""The shared cache, which the application can do without: when Redis is down, nothing is found and nothing is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from prometheus_client import Counter
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)
CACHE_DOWN = Counter("voiceassist_cache_unavailable_total", "Uses of the shared cache that Redis did not answer.")


PAUSE = 1.0  # seconds without asking, so that requests do not wait one after another for a dead server


def _forgiving(name: str, missing: Callable[..., Any]) -> Any:
    original = getattr(RedisCache, name)

    @wraps(original)
    def method(self: ForgivingRedisCache, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self.asked_again_at:
            try:
                return original(self, *args, **kwargs)
            except (RedisError, OSError) as error:
                type(self).asked_again_at = time.monotonic() + PAUSE
                logger.warning("cache_unavailable", error=type(error).__name__, operation=name)
        CACHE_DOWN.inc()
        return missing(*args, **kwargs)

    return method


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache that fails open, is logged and counted.

    What must not fail open does not ask it: lock-out, revocation of all tokens and roles are read from PostgreSQL.
    """

    asked_again_at = 0.0  # monotonic seconds; of the process

    get = _forgiving("get", lambda _key, default=None, **_: default)
    get_many = _forgiving("get_many", lambda *_, **__: {})
    set = _forgiving("set", lambda *_, **__: None)
    set_many = _forgiving("set_many", lambda data, *_, **__: list(data))
    add = _forgiving("add", lambda *_, **__: False)
    incr = _forgiving("incr", lambda _key, delta=1, **_: delta)
    touch = _forgiving("touch", lambda *_, **__: False)
    delete = _forgiving("delete", lambda *_, **__: False)
    delete_many = _forgiving("delete_many", lambda *_, **__: None)
    has_key = _forgiving("has_key", lambda *_, **__: False)
    clear = _forgiving("clear", lambda *_, **__: False)
