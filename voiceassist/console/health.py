"""Is it alive, and is it ready: the parts a request needs, asked directly."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

Check = Callable[[], None]
WITHIN = 2  # seconds


class NotReady(Exception):
    """A part answers, but not as it must."""


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


CHECKS: dict[str, Check] = {"database": check_database, "redis": check_redis}


def readiness() -> dict[str, str]:
    """Return `ok` or what is wrong for each part; no detail of an error leaves the server's log."""
    return {name: _outcome(check) for name, check in CHECKS.items()}


def _outcome(check: Check) -> str:
    try:
        check()
    except NotReady as reason:
        return str(reason)
    except Exception as error:  # noqa: BLE001 (whatever is wrong with a part, health must answer)
        return f"unavailable ({type(error).__name__})"
    return "ok"
