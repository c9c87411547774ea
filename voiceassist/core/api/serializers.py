"""Serializers that take each value in its own JSON type only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

_TYPES: list[tuple[type[serializers.Field[Any, Any, Any, Any]], tuple[type, ...], str]] = [
    (serializers.BooleanField, (bool,), "true or false"),
    (serializers.IntegerField, (int,), "a whole number"),
    (serializers.FloatField, (int, float), "a number"),
    (serializers.ChoiceField, (str,), "text"),
    (serializers.CharField, (str,), "text"),
    (serializers.UUIDField, (str,), "text"),
    (serializers.DateTimeField, (str,), "text"),
    (serializers.DateField, (str,), "text"),
]


class Strict(serializers.Serializer[Any]):
    """Refuse a number where text is asked for, and the like: the contract says what it means."""

    def to_internal_value(self, data: Any) -> Any:
        """Check the JSON types before the fields convert them."""
        if isinstance(data, Mapping):
            wrong = {name: [f"This must be {kind}."] for name, kind in _wrong_types(self, data)}
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


class StrictModel(Strict, serializers.ModelSerializer[Any]):
    """The same for a model's fields."""


def given(shape: type[Strict], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """Return the checked body of a request. Raises ValidationError."""
    serializer = shape(data=request.data, partial=partial)
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def asked(shape: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the checked query parameters of a request. Raises ValidationError."""
    serializer = shape(data=request.query_params.dict())
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def _wrong_types(serializer: Strict, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for name, field in serializer.fields.items():
        value = data.get(name)
        if field.read_only or value is None:
            continue
        expected = next(((types, kind) for base, types, kind in _TYPES if isinstance(field, base)), None)
        if expected is None:
            continue
        types, kind = expected
        if not _is_of(value, types):
            found.append((name, kind))
    return found


def _is_of(value: Any, types: tuple[type, ...]) -> bool:
    """Tell whether a JSON value is of a type: true is no number, and 5.0 is a whole one (JSON Schema, 6.1.1)."""
    if isinstance(value, bool):
        return bool in types
    if isinstance(value, float) and value.is_integer():
        return int in types or float in types
    return isinstance(value, types)
