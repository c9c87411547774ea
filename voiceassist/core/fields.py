"""Model fields whose values are encrypted in the database, and the blind index beside one.

Fixtures (`dumpdata`) hold the plain values. A field that is renamed or moved to another model needs a data migration:
its name is part of what is encrypted.
"""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core import checks
from django.core.exceptions import FieldError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import signals
from django.db.models.expressions import Case, Value
from django.db.models.fields.mixins import CheckFieldDefaultMixin
from django.db.models.functions import Cast
from django.views.decorators.debug import sensitive_variables

from voiceassist.core.encryption import EncryptionError, key_ring


class Stored(str):
    """What an encrypted column holds, to be written as it is; only rotation does that."""

    __slots__ = ()


class _WithItsRow(str):
    """A text that is saved with its row, hence with its blind index."""

    __slots__ = ()


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Text that only the application can read. Look it up through a BlindIndexField; `isnull` is all else it can."""

    description = "encrypted text"

    @property
    def place(self) -> str:
        """Name the column; a value moved to another one does not decrypt."""
        return _place(self)

    @property
    def blind_indexes(self) -> list[BlindIndexField]:
        """Return the blind indexes of this field."""
        fields = self.model._meta.local_concrete_fields  # noqa: SLF001 (Django's documented API)
        return [field for field in fields if isinstance(field, BlindIndexField) and field.of == self.name]

    def check(self, **options: Any) -> list[checks.CheckMessage]:
        """Refuse what would compare, sort or keep ciphertexts, or plain text beside them."""
        asked = ("primary_key", "unique", "db_index", "choices", "unique_for_date")
        wrong = [name for name in asked if getattr(self, name, None)]
        wrong += ["db_default"] if self.has_db_default() else []
        message = f"An encrypted field takes no {', '.join(wrong)}."
        refused = [checks.Error(message, hint="Use a BlindIndexField to find it.", obj=self, id="core.E001")]
        return [*super().check(**options), *(refused if wrong else [])]

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001 (Django's signature)
        """Mark the text as saved with its row."""
        value = super().pre_save(model_instance, add)
        return _marked(value) if self.blind_indexes else value

    @sensitive_variables()
    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:  # noqa: ARG002
        """Encrypt; an empty text stays empty, so that "not given" needs no key.

        Raises TypeError for an expression, and for a text without its row (`update`, `bulk_update`) that has an index.
        """
        if isinstance(value, Stored) or _is_bulk_update(value, self):
            return value
        if hasattr(value, "resolve_expression") or hasattr(value, "as_sql"):
            raise TypeError(f"{self.place} is encrypted: it takes values, not expressions.")
        if self.blind_indexes and not isinstance(value, _WithItsRow | None):
            raise TypeError(f"{self.place} has a blind index: set it on the object and save that.")
        plain = self.get_prep_value(value)
        return plain if _is_empty(plain) else key_ring().encrypt(self.to_text(plain), place=self.place)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Refuse to put plain text into a statement in any other way than by saving."""
        if prepared or value is None:
            return super().get_db_prep_value(value, connection, prepared)
        raise TypeError(f"{self.place} is encrypted: its values stand in no query.")

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Any:
        """Decrypt. Raises EncryptionError."""
        return value if _is_empty(value) else self.from_text(key_ring().decrypt(str(value), place=self.place))

    def to_text(self, value: Any) -> str:
        """Return the text that is encrypted."""
        return str(value)

    def from_text(self, text: str) -> Any:
        """Return the value that a text stands for."""
        return text

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow `isnull` only: anything else would compare ciphertexts. Raises FieldError."""
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        found_by = [
            f"filter({index.name}__in=field.look_up(value)), field being {index}" for index in self.blind_indexes
        ]
        raise FieldError(
            f"{self.place} is encrypted and cannot be looked up by {lookup_name}. {' '.join(found_by)}".strip()
        )

    def get_transform(self, _lookup_name: str) -> None:
        """Allow none: they would work on the ciphertext."""
        return


class EncryptedJSONField(CheckFieldDefaultMixin, EncryptedTextField):
    """A JSON value that only the application can read. None is SQL's NULL; there is no JSON null at the top."""

    description = "encrypted JSON"
    _default_hint = ("dict", "{}")

    def get_prep_value(self, value: Any) -> Any:
        """Leave the value as it is: TextField would make a string of it."""
        return value

    def to_python(self, value: Any) -> Any:
        """Leave the value as it is."""
        return value

    @sensitive_variables()
    def to_text(self, value: Any) -> str:
        """Return compact JSON. Raises EncryptionError for what is none."""
        if (text := _json(value)) is None:
            raise EncryptionError(f"A value for {self.place} cannot be written as JSON.")
        return text

    @sensitive_variables()
    def from_text(self, text: str) -> Any:
        """Read JSON. Raises EncryptionError."""
        is_json, value = _read_json(text)
        if not is_json:
            raise EncryptionError(f"A value of {self.place} is no JSON.")
        return value

    def value_to_string(self, obj: models.Model) -> Any:
        """Return the value itself to serializers, as JSONField does."""
        return self.value_from_object(obj)

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """Take an empty form field for the default where NULL is not allowed."""
        super().save_form_data(instance, self.get_default() if data is None and not self.null else data)

    def formfield(self, **options: Any) -> Any:
        """Return a form field that reads JSON."""
        return super().formfield(**{"form_class": forms.JSONField, "encoder": DjangoJSONEncoder, **options})


class BlindIndexField(models.CharField):  # type: ignore[type-arg]
    """HMAC of another field of the row, for exact look-up: `filter(name_index__in=field.look_up(value))`.

    It is saved whenever the other field is. Empty values have no index, so `unique=True` allows many of them.
    """

    def __init__(self, *, of: str, **options: Any) -> None:
        self.of = of
        super().__init__(**{"max_length": 64, "null": True, "editable": False, **options})

    def deconstruct(self) -> Any:
        """Name the indexed field in migrations."""
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "of": self.of}

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:  # noqa: FBT001, FBT002
        """Join the model, which from now on never saves the indexed field alone."""
        super().contribute_to_class(cls, name, private_only)
        if not cls._meta.abstract:
            cls.save_base = _with_index(cls.save_base, self)
            signals.pre_save.connect(self._before_save, sender=cls)

    def _before_save(self, instance: models.Model, *, raw: bool, **_: Any) -> None:
        """Compute the index of a fixture's row too, for which Django asks no field to; its own may be of other keys."""
        if raw:
            value = getattr(instance, self.of)
            setattr(instance, self.of, _marked(value))
            setattr(instance, self.attname, self.index_of(value))

    def check(self, **options: Any) -> list[checks.CheckMessage]:
        """Refuse to index what is not an encrypted text of the same model."""
        found = {field.name: field for field in self.model._meta.local_concrete_fields}.get(self.of)  # noqa: SLF001
        is_text = isinstance(found, EncryptedTextField) and not isinstance(found, EncryptedJSONField)
        wrong = checks.Error(f"{self.of!r} is no encrypted text of the same model.", obj=self, id="core.E002")
        return [*super().check(**options), *([] if is_text else [wrong])]

    @property
    def place(self) -> str:
        """Name the column; the same value has another index elsewhere."""
        return _place(self)

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:  # noqa: FBT001, ARG002
        """Compute the index of what is being saved. Raises IntegrityError if it must be unique and is not."""
        value = self.index_of(getattr(model_instance, self.of))
        setattr(model_instance, self.attname, value)
        self._check_unique(model_instance)
        return value

    @sensitive_variables()
    def index_of(self, value: str | None) -> str | None:
        """Return the index under the newest key, None for an empty value."""
        plain = normalized(value)
        return key_ring().index(plain, place=self.place) if plain else None

    @sensitive_variables()
    def look_up(self, value: str | None) -> list[str]:
        """Return the indexes a value may have: one for each key of the ring."""
        plain = normalized(value)
        return key_ring().indexes(plain, place=self.place) if plain else []

    def _check_unique(self, instance: models.Model) -> None:
        """Find an equal value whose index is of an older key, which the database cannot see as equal."""
        older = self.look_up(getattr(instance, self.of))[1:]
        if not (self.unique and older):
            return
        database = instance._state.db or router.db_for_write(self.model, instance=instance)  # noqa: SLF001
        rows: models.QuerySet[Any] = models.QuerySet(self.model, using=database).filter(**{f"{self.name}__in": older})
        if rows.exclude(pk=instance.pk).exists():
            raise IntegrityError(f"Another row has the same value in {self.place}.")


def normalized(value: str | None) -> str:
    """Return the form that is indexed: NFKC, trimmed, inner blanks single, without regard to case."""
    return " ".join(unicodedata.normalize("NFKC", str(value or "")).casefold().split())


def _place(field: models.Field[Any, Any]) -> str:
    return f"{field.model._meta.label_lower}.{field.name}"  # noqa: SLF001 (Django's documented API)


def _marked(value: Any) -> Any:
    return value if value is None or hasattr(value, "resolve_expression") else _WithItsRow(value)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)


def _is_bulk_update(value: Any, field: EncryptedTextField) -> bool:
    """Recognise what `bulk_update` makes of plain values: a Case of Values of this field, which encrypts each.

    Such a Case comes here itself and then each of its Values.
    """
    case = value.get_source_expressions()[0] if isinstance(value, Cast) else value
    if not isinstance(case, Case):
        return False
    return all(_is_value_of(when.result, field) for when in case.cases) and _is_null(case.default)


def _is_value_of(result: Any, field: EncryptedTextField) -> bool:
    return isinstance(result, Value) and getattr(result, "_output_field_or_none", None) is field


def _is_null(result: Any) -> bool:
    return isinstance(result, Value) and result.value is None


def _with_index(save_base: Any, index: BlindIndexField) -> Any:
    """Return a `save_base` that saves the index whenever it saves what is indexed."""

    @functools.wraps(save_base)
    def saving(self: models.Model, *args: Any, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        if update_fields is not None and index.of in update_fields:
            update_fields = frozenset([*update_fields, index.name])
        save_base(self, *args, update_fields=update_fields, **options)

    return saving


@sensitive_variables()
def _json(value: Any) -> str | None:
    try:
        return json.dumps(value, cls=DjangoJSONEncoder, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None


@sensitive_variables()
def _read_json(text: str) -> tuple[bool, Any]:
    try:
        return True, json.loads(text)
    except (ValueError, RecursionError):
        return False, None
