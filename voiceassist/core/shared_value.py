"""A value that is read from PostgreSQL and kept in the shared cache, never older than the last commit."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from django.core.cache import cache
from django.db import transaction

KEPT_FOR = 60  # seconds; the longest that anything stale can live when Redis fails in the middle of a change
CHANGE_TAKES = 30  # seconds; longer than any transaction that changes such a value
VERSION_KEPT_FOR = 24 * 3600  # seconds
CHANGING = "changing"
T = TypeVar("T")


class SharedValue(Generic[T]):
    """What `load` returns, shared by every process through the cache, with the version it was read under.

    Deleting a cached value after commit is not enough: a reader who read the old rows just before the commit could put
    them back just after it. So a reader notes the version *before* it reads the rows, and keeps them under it; a
    writer gives out a new version once it has committed, which makes whatever was kept before it void. While a change
    is under way the version says so and nobody keeps anything: a writer killed between its commit and the new version
    leaves no stale value behind either. A reader inside a transaction sees that transaction's own rows, and keeps
    nothing. Without Redis every reader asks PostgreSQL.
    """

    known: ClassVar[list[SharedValue[Any]]] = []

    def __init__(self, name: str, load: Callable[[], T]) -> None:
        self.name = name
        self.load = load
        self.known.append(self)

    def get(self) -> T:
        """Return the value: from the cache when what is there is current, else from PostgreSQL."""
        if transaction.get_connection().in_atomic_block:
            return self.load()
        found = cache.get_many([self._version_key, self._value_key])
        version = found.get(self._version_key) or self._first_version()
        if version in (None, CHANGING):
            return self.load()
        kept: tuple[Any, T] | None = found.get(self._value_key)
        if kept is not None and kept[0] == version:
            return kept[1]
        value = self.load()
        cache.set(self._value_key, (version, value), timeout=KEPT_FOR)
        return value

    def will_change(self) -> None:
        """Say, inside the transaction and before writing, that the rows are about to change."""
        cache.set(self._version_key, CHANGING, timeout=CHANGE_TAKES)
        transaction.on_commit(self._changed)

    def forget(self) -> None:
        """Let the next reader ask PostgreSQL, whatever is kept."""
        cache.delete(self._version_key)

    def _changed(self) -> None:
        cache.set(self._version_key, uuid.uuid4().hex, timeout=VERSION_KEPT_FOR)

    def _first_version(self) -> str | None:
        """Give out a version where there is none; None when another process was faster, or Redis does not answer."""
        version = uuid.uuid4().hex
        return version if cache.add(self._version_key, version, timeout=VERSION_KEPT_FOR) else None

    @property
    def _version_key(self) -> str:
        return f"shared:{_database()}:{self.name}:version"

    @property
    def _value_key(self) -> str:
        return f"shared:{_database()}:{self.name}:value"


def _database() -> str:
    """Name the database, so that two of them may share one cache."""
    return str(transaction.get_connection().settings_dict["NAME"])
