"""System settings, for administrators."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.accounts.api.permissions import IsAdministrator, signed_in
from voiceassist.accounts.queries import names_of
from voiceassist.console.api.history import HistoryView, PersonSerializer, person
from voiceassist.core import setting_history, system_settings
from voiceassist.core.errors import NotValid
from voiceassist.core.models import SettingArea, SettingChange
from voiceassist.core.setting_kinds import Kind, Setting
from voiceassist.core.system_settings import SettingState


class SettingSerializer(serializers.Serializer[Any]):
    """A setting: what it may hold, what it holds, and who set it when (null while it stands at its default)."""

    key = serializers.CharField(source="setting.key")
    title = serializers.CharField(source="setting.title")
    help_text = serializers.CharField(source="setting.help_text")  # type: ignore[assignment]  # hides DRF's own
    group = serializers.CharField(source="setting.group")
    kind = serializers.ChoiceField(source="setting.kind", choices=[(kind.value, kind.value) for kind in Kind])
    unit = serializers.CharField(source="setting.unit", allow_blank=True)
    default = serializers.JSONField(source="setting.default")
    minimum = serializers.SerializerMethodField()
    maximum = serializers.SerializerMethodField()
    choices = serializers.SerializerMethodField()
    value = serializers.JSONField()
    is_set = serializers.BooleanField()
    changed_at = serializers.DateTimeField(allow_null=True)
    changed_by = serializers.SerializerMethodField()

    def get_minimum(self, state: SettingState) -> int | None:
        """Return the least that a whole number may be."""
        return state.setting.least if state.setting.kind == Kind.WHOLE_NUMBER else None

    def get_maximum(self, state: SettingState) -> int | None:
        """Return the most that a whole number may be."""
        return state.setting.most if state.setting.kind == Kind.WHOLE_NUMBER else None

    def get_choices(self, state: SettingState) -> list[str] | None:
        """Return what may be chosen, for a choice or for the items of a list."""
        return None if state.setting.choices is None else list(state.setting.choices)

    @extend_schema_field(PersonSerializer(allow_null=True))
    def get_changed_by(self, state: SettingState) -> dict[str, Any] | None:
        """Name who set it."""
        return person(state.changed_by_id, self.context["names"])


def _field(setting: Setting) -> serializers.Field[Any, Any, Any, Any]:
    """Describe what a setting takes, for the OpenAPI document."""
    shared: dict[str, Any] = {"required": False, "allow_null": True, "help_text": setting.help_text}
    choices = list((setting.choices or {}).items())
    match setting.kind:
        case Kind.WHOLE_NUMBER:
            return serializers.IntegerField(min_value=setting.least, max_value=setting.most, **shared)
        case Kind.SWITCH:
            return serializers.BooleanField(**shared)
        case Kind.CHOICE:
            return serializers.ChoiceField(choices=choices, **shared)
        case Kind.TEXT_LIST:
            child = serializers.ChoiceField(choices=choices) if choices else serializers.CharField()
            return serializers.ListField(child=child, **shared)
        case Kind.TEXT:
            return serializers.CharField(**shared)


SettingsChangeSerializer = type(
    "SettingsChangeSerializer",
    (serializers.Serializer,),
    {"__doc__": "Null puts a setting back to its default."}
    | {setting.key: _field(setting) for setting in system_settings.REGISTRY.values()},
)


class SettingsView(APIView):
    permission_classes = [IsAdministrator]

    @extend_schema(operation_id="admin_settings_list", responses=SettingSerializer(many=True))
    def get(self, _request: Request) -> Response:
        """List every setting with what it may hold and what it holds."""
        states = system_settings.states()
        context = {"names": names_of(state.changed_by_id for state in states)}
        return Response(SettingSerializer(states, many=True, context=context).data)

    @extend_schema(
        operation_id="admin_settings_change",
        request=SettingsChangeSerializer,
        responses=SettingSerializer(many=True),
    )
    def put(self, request: Request) -> Response:
        """Change the given settings, all or none; null puts one back to its default."""
        if not isinstance(request.data, dict):
            raise NotValid("Send an object with the settings to change.")
        system_settings.set_values(request.data, by_id=signed_in(request).pk)
        return self.get(request)


class SettingHistoryView(HistoryView):
    @extend_schema(operation_id="admin_setting_history")
    def get(self, request: Request, key: str) -> Response:  # noqa: ARG002 (`get_queryset` reads it)
        """List who changed a setting, when, from what to what, newest first."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[SettingChange]:
        """Return the changes of a setting that exists."""
        setting = system_settings.find(self.kwargs["key"])
        return setting_history.changes(area=SettingArea.SETTING, key=setting.key)
