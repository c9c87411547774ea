"""Is it alive, and is it ready: the parts a request needs, asked directly."""

from __future__ import annotations

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

Check = Callable[[], None]


class NotReady(Exception):
    """A part answers, but not as it must."""


def check_database() -> None:
    """Raise unless the database answers and is migrated."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady("Migrations are missing. Run `manage.py migrate`.")


def check_redis() -> None:
    """Raise unless Redis answers within two seconds."""
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
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
