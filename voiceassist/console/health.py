"""Is it alive, and is it ready: the parts that work needs, asked directly, and what does not work without each."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from voiceassist.ai.errors import Reason
from voiceassist.console.kept import Kept
from voiceassist.console.model_health import ask_model
from voiceassist.core import worker_heartbeat
from voiceassist.files.scanning import check_scanner

WITHIN = 2  # seconds
KEPT = 10  # seconds: what stands outside is not asked more often, however often health is
ALL_KEPT = 1  # seconds: nothing is; whoever asks has no account, and each look costs connections and threads
OK, NOT_CONFIGURED = "ok", "not configured"
_FINE = frozenset({OK, NOT_CONFIGURED})
_REACHED = frozenset({"ok", "no_such_model", Reason.REFUSED.value})  # /health/openai tells these apart


class NotReady(Exception):
    """A part answers, but not as it must."""


class NotConfigured(Exception):
    """A part that this installation does without."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """`ok` or what is wrong for each part, and what follows from all of them."""

    parts: dict[str, str]

    @property
    def status(self) -> str:
        """Return `unavailable` when no request can be answered, `degraded` when some cannot, else `ok`."""
        if self.parts["database"] != OK:
            return "unavailable"
        return "ok" if _FINE.issuperset(self.parts.values()) else "degraded"


def readiness() -> Readiness:
    """Return how all parts did within the last second, or do now; no detail of an error leaves the server's log."""
    return _readiness()


def _ask_all() -> Readiness:
    """Ask all parts at the same time."""
    with ThreadPoolExecutor(len(CHECKS)) as threads:
        return Readiness(dict(zip(CHECKS, threads.map(lambda ask: ask(), CHECKS.values()), strict=True)))


def check_database() -> None:
    """Raise unless the database answers within two seconds and is migrated.

    The connection is its own: one from the pool would wait for those that wait already.
    """
    parameters = {**connection.get_connection_params(), "connect_timeout": WITHIN}
    with psycopg.connect(**parameters, autocommit=True) as own:
        own.execute(f"set statement_timeout = '{WITHIN}s'")
        table = own.execute("select to_regclass('django_migrations')").fetchone()
        applied = set(own.execute("select app, name from django_migrations")) if table and table[0] else set()
    if known_migrations() - applied:
        raise NotReady("Migrations are missing. Run `manage.py migrate`.")


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Return app and name of every migration of this version."""
    return frozenset(MigrationLoader(None).disk_migrations)


def check_redis() -> None:
    """Raise unless Redis answers within a second."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
        client.ping()


def check_revocation() -> None:
    """Raise unless the list of revoked tokens can be read; it fails open, so this must show."""
    try:
        check_redis()
    except (redis.RedisError, OSError):
        raise NotReady(
            "degraded: the list of revoked tokens cannot be read; revocation of all tokens still works"
        ) from None


def check_worker() -> None:
    """Raise unless a background worker gave a sign of life lately."""
    if not worker_heartbeat.is_alive():
        raise NotReady("degraded: no background worker takes up work; what is queued waits")


def check_virus_scanner() -> None:
    """Raise unless the virus scanner, if there is one, answers within a second."""
    if not settings.CLAMAV_HOST:
        raise NotConfigured
    check_scanner(host=settings.CLAMAV_HOST, port=settings.CLAMAV_PORT, max_seconds=1)


def check_model() -> None:
    """Raise unless the model's server, if there is one, can be reached and takes our key."""
    if not settings.OPENAI_BASE_URL:
        raise NotConfigured
    outcome = ask_model().outcome
    if outcome not in _REACHED:
        raise NotReady(f"unavailable ({outcome}): questions fail until it is back")


def _outcome(check: Callable[[], None], without: str = "") -> str:
    try:
        check()
    except NotConfigured:
        return NOT_CONFIGURED
    except NotReady as reason:
        return str(reason)
    except Exception as error:  # noqa: BLE001 (whatever is wrong with a part, health must answer)
        return f"unavailable ({type(error).__name__}){without}"
    return OK


CHECKS: dict[str, Callable[[], str]] = {
    "database": lambda: _outcome(check_database),
    "redis": lambda: _outcome(check_redis, ": questions cannot be answered; sign-in and reading work"),
    "revocation": lambda: _outcome(check_revocation),
    "worker": lambda: _outcome(check_worker, ": the sign of life of the workers cannot be read"),
    "virus_scanner": Kept(lambda: _outcome(check_virus_scanner, ": uploads are refused"), seconds=KEPT),
    "model": Kept(lambda: _outcome(check_model), seconds=KEPT),
}

_readiness = Kept(_ask_all, seconds=ALL_KEPT)


def forget() -> None:
    """Ask every part anew the next time."""
    _readiness.forget()
    for check in CHECKS.values():
        if isinstance(check, Kept):
            check.forget()
