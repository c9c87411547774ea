"""The changes of one setting or flag, as the API lists them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from voiceassist.accounts.api.permissions import IsAdministrator
from voiceassist.accounts.queries import names_of
from voiceassist.core.models import SettingChange


class PersonSerializer(serializers.Serializer[Any]):
    """Who did it; the name is null when the user is gone."""

    id = serializers.UUIDField()
    name = serializers.CharField(allow_null=True)


@extend_schema_field({})
class ValueField(serializers.JSONField):
    """A value of whatever kind the setting has; null before it was first set."""


class ChangeSerializer(serializers.ModelSerializer[SettingChange]):
    before = ValueField()
    after = ValueField()
    by = serializers.SerializerMethodField()

    class Meta:
        model = SettingChange
        fields = ["at", "before", "after", "by"]
        read_only_fields = fields

    @extend_schema_field(PersonSerializer(allow_null=True))
    def get_by(self, change: SettingChange) -> dict[str, Any] | None:
        """Name who made the change; null for one that no user made."""
        return person(change.by_id, self.context["names"])


class HistoryView(ListAPIView[SettingChange]):
    permission_classes = [IsAdministrator]
    serializer_class = ChangeSerializer

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 (DRF's signature)
        """Return a page of changes, with the names of those who made them from one query."""
        page = self.paginate_queryset(self.get_queryset()) or []
        context = {"names": names_of(change.by_id for change in page)}
        return self.get_paginated_response(ChangeSerializer(page, many=True, context=context).data)

    def get_queryset(self) -> QuerySet[SettingChange]:
        """Return the changes of what the address names; each kind has its own."""
        raise NotImplementedError


def person(user_id: uuid.UUID | None, names: dict[uuid.UUID, str]) -> dict[str, Any] | None:
    """Return id and name of a user, None for nobody."""
    return {"id": str(user_id), "name": names.get(user_id)} if user_id else None
