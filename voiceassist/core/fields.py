"""Model fields whose values are encrypted in the database, and the blind index beside one."""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

from voiceassist.core.encryption import key_ring


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Text that only the application can read. Look it up through a BlindIndexField; `isnull` is all else it can."""

    description = "encrypted text"

    @property
    def place(self) -> str:
        """Name the column; a value moved to another one does not decrypt."""
        return f"{self.model._meta.label_lower}.{self.name}"  # noqa: SLF001 (Django's documented API)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:  # noqa: ARG002
        """Encrypt; an empty text stays empty, so that "not given" needs no key."""
        if isinstance(value, Expression):
            raise TypeError("An encrypted field takes values, not expressions.")
        plain = self.get_prep_value(value)
        return plain if plain in (None, "") else key_ring().encrypt(self.to_text(plain), place=self.place)

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> Any:
        """Decrypt. Raises EncryptionError."""
        return value if value in (None, "") else self.from_text(key_ring().decrypt(str(value), place=self.place))

    def to_text(self, value: Any) -> str:
        """Return the text that is encrypted."""
        return str(value)

    def from_text(self, text: str) -> Any:
        """Return the value that a text stands for."""
        return text

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow `isnull` only: anything else would compare ciphertexts."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


class EncryptedJSONField(EncryptedTextField):
    """A JSON value that only the application can read."""

    description = "encrypted JSON"

    def get_prep_value(self, value: Any) -> Any:
        """Leave the value as it is: TextField would make a string of it."""
        return value

    def to_python(self, value: Any) -> Any:
        """Leave the value as it is."""
        return value

    def to_text(self, value: Any) -> str:
        """Return compact JSON."""
        return json.dumps(value, cls=DjangoJSONEncoder, separators=(",", ":"), ensure_ascii=False)

    def from_text(self, text: str) -> Any:
        """Read JSON."""
        return json.loads(text)


class BlindIndexField(models.CharField):  # type: ignore[type-arg]
    """HMAC of another field of the row, for exact look-up: `filter(name_index__in=Model.…look_up(value))`.

    It is filled at every save that includes it. Empty values have no index, so `unique=True` allows many of them.
    """

    def __init__(self, *, of: str, **options: Any) -> None:
        self.of = of
        super().__init__(**{"max_length": 64, "null": True, "editable": False, **options})

    def deconstruct(self) -> Any:
        """Name the indexed field in migrations."""
        name, path, args, options = super().deconstruct()
        return name, path, args, {**options, "of": self.of}

    @property
    def place(self) -> str:
        """Name the column; the same value has another index elsewhere."""
        return f"{self.model._meta.label_lower}.{self.name}"  # noqa: SLF001 (Django's documented API)

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:  # noqa: FBT001, ARG002
        """Compute the index of what is being saved."""
        plain = normalized(getattr(model_instance, self.of))
        value = key_ring().index(plain, place=self.place) if plain else None
        setattr(model_instance, self.attname, value)
        return value

    def look_up(self, value: str) -> list[str]:
        """Return the indexes a value may have: one for each key of the ring."""
        return key_ring().indexes(normalized(value), place=self.place)


def normalized(value: str | None) -> str:
    """Return the form that is indexed: trimmed, inner blanks single, without regard to case."""
    return " ".join((value or "").split()).casefold()
