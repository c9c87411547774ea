"""Renewing what is encrypted under older keys, while the application runs.

A row is locked, read, encrypted anew and written in one short transaction, so nothing that others write meanwhile is
lost, and a run that was killed goes on where it stopped: what is current already is left alone.

Every model is searched for encrypted fields. An app that keeps encrypted values elsewhere, such as inside JSON,
registers a `Store` in a module `rotation` of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import IntegrityError, OperationalError, models, transaction
from django.db.models import F
from django.db.models.functions import Cast
from django.utils.module_loading import autodiscover_modules

from voiceassist.core.encryption import EncryptionError, KeyRing, key_id_of
from voiceassist.core.fields import BlindIndexField, EncryptedTextField, Stored

BATCH = 200  # rows locked together; small, so that nobody waits long for one
DEADLOCK = "40P01"  # PostgreSQL's SQLSTATE
ATTEMPTS = 5
NO_KEY = ""  # under this are counted values that name no key, or an index that fits none

Row = Mapping[str, Any]
Report = Callable[[str], None]


@dataclass(slots=True)
class Renewal:
    """What one row holds: values by key, columns to write, and columns that cannot be read."""

    keys: Counter[str] = field(default_factory=Counter)
    changes: dict[str, Any] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    def renew_text(self, stored: str, *, ring: KeyRing, place: str, name: str) -> str:
        """Count one encrypted value; return it under the newest key, or as it is where it is current or unreadable."""
        self.keys[key_id_of(stored)] += 1
        if ring.is_current(stored):
            return stored
        try:
            return ring.encrypt(ring.decrypt(stored, place=place), place=place)
        except EncryptionError:
            self.unreadable.append(name)
            return stored


@dataclass(frozen=True, slots=True)
class Store:
    """A model whose rows hold encrypted values. `renew` gets `columns` as they are stored, by name."""

    model: type[models.Model]
    columns: tuple[str, ...]
    renew: Callable[[Row, KeyRing], Renewal]

    @property
    def label(self) -> str:
        """Name the model."""
        return self.model._meta.label  # noqa: SLF001 (Django's documented API)

    def rows(self) -> models.QuerySet[Any, Any]:
        """Return a query for keys and columns, all rows, in the order of their keys."""
        query: models.QuerySet[Any] = models.QuerySet(self.model)
        return query.order_by("pk").values_list("pk", *self._as_stored().values())

    def _as_stored(self) -> dict[str, Any]:
        fields = {name: self.model._meta.get_field(name) for name in self.columns}  # noqa: SLF001
        encrypted = {name for name, found in fields.items() if isinstance(found, EncryptedTextField)}
        return {name: Cast(name, models.TextField()) if name in encrypted else F(name) for name in self.columns}

    def renewal(self, values: tuple[Any, ...], ring: KeyRing) -> Renewal:
        """Return what to do with one row of `rows`."""
        return self.renew(dict(zip(self.columns, values[1:], strict=True)), ring)


@dataclass(slots=True)
class Tally:
    """What a run found. `keys` counts the values as they are at its end; names are of model, row and column."""

    keys: Counter[str] = field(default_factory=Counter)
    renewed: int = 0
    unreadable: list[str] = field(default_factory=list)
    clashing: list[str] = field(default_factory=list)


_registered: dict[str, Store] = {}


def register(store: Store) -> None:
    """Let rotation know of encrypted values that stand in no encrypted field."""
    _registered[store.label] = store


def all_stores() -> list[Store]:
    """Return every place of encrypted values in the installed apps."""
    autodiscover_modules("rotation")
    found = [_store_of(model) for model in apps.get_models(include_auto_created=True)]
    return [*(store for store in found if store.columns), *_registered.values()]


def rotate(*, ring: KeyRing, report: Report, dry_run: bool = False) -> Tally:
    """Renew what is not under the newest key; a dry run only counts it. `report` gets a line now and then."""
    tally = Tally()
    for store in all_stores():
        total = store.rows().count()
        done = 0
        for batch in _batches(store):
            due = [values[0] for values in batch if store.renewal(values, ring).changes]
            tally.renewed += len(due) if dry_run else _renew(store, due, ring, tally)
            done += len(batch)
            report(f"{store.label}: {done} of {max(total, done)} rows")
    _take_stock(tally, ring)
    return tally


def _batches(store: Store) -> Iterator[list[tuple[Any, ...]]]:
    rows = store.rows()
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1][0])[:BATCH])


def _renew(store: Store, due: list[Any], ring: KeyRing, tally: Tally) -> int:
    """Renew some rows in one transaction; begin again where another transaction stood across."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            renewed, clashing = _renew_locked(store, due, ring)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != DEADLOCK or attempt == ATTEMPTS:
                raise
        else:
            tally.clashing += clashing
            return renewed
    raise AssertionError("unreachable")


@transaction.atomic
def _renew_locked(store: Store, due: list[Any], ring: KeyRing) -> tuple[int, list[str]]:
    """Lock the rows, look again, write. Returns how many were written, and the names of what cannot be."""
    renewed, clashing = 0, []
    for values in store.rows().filter(pk__in=due).select_for_update():
        changes = store.renewal(values, ring).changes
        try:
            with transaction.atomic():
                renewed += models.QuerySet(store.model).filter(pk=values[0]).update(**changes) if changes else 0
        except IntegrityError:
            clashing.append(f"{store.label} {values[0]}")
    return renewed, clashing


def _take_stock(tally: Tally, ring: KeyRing) -> None:
    """Count all values again, as they are now: others may have written under an older key meanwhile."""
    for store in all_stores():
        for batch in _batches(store):
            for values in batch:
                renewal = store.renewal(values, ring)
                tally.keys += renewal.keys
                tally.unreadable += [f"{store.label} {values[0]} {name}" for name in renewal.unreadable]


def _store_of(model: type[models.Model]) -> Store:
    meta = model._meta  # noqa: SLF001 (Django's documented API)
    fields = meta.local_concrete_fields if meta.managed and not meta.proxy and not meta.swapped else []
    texts = [field for field in fields if isinstance(field, EncryptedTextField)]
    indexes = [field for field in fields if isinstance(field, BlindIndexField)]
    return Store(
        model, tuple(field.name for field in [*texts, *indexes]), lambda row, ring: _of(row, ring, texts, indexes)
    )


def _of(row: Row, ring: KeyRing, texts: list[EncryptedTextField], indexes: list[BlindIndexField]) -> Renewal:
    renewal = Renewal()
    for text in texts:
        stored = row[text.name]
        if stored and (new := renewal.renew_text(stored, ring=ring, place=text.place, name=text.name)) != stored:
            renewal.changes[text.name] = Stored(new)
    for index in indexes:
        source = next(text for text in texts if text.name == index.of)
        _renew_index(renewal, row, ring, index, source)
    return renewal


def _renew_index(renewal: Renewal, row: Row, ring: KeyRing, index: BlindIndexField, source: EncryptedTextField) -> None:
    """Compare an index with what it should be; it does not tell its key itself."""
    if source.name in renewal.unreadable:
        return
    try:
        plain = ring.decrypt(row[source.name], place=source.place) if row[source.name] else ""
    except EncryptionError:
        renewal.unreadable.append(source.name)
        return
    by_key = dict(zip(index.look_up(plain), ring.keys, strict=False))
    stored, expected = row[index.name], index.index_of(plain)
    if stored is not None:
        renewal.keys[by_key[stored].id if stored in by_key else NO_KEY] += 1
    if stored != expected:
        renewal.changes[index.name] = expected
