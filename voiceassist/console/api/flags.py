"""Feature flags: for administrators to switch, for everybody to ask which are on for them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.accounts.api.permissions import IsAdministrator, SignedIn, signed_in
from voiceassist.accounts.models import FeatureFlag, Role
from voiceassist.accounts.services import flags
from voiceassist.console.api.history import HistoryView
from voiceassist.core import setting_history
from voiceassist.core.api.schema import errors
from voiceassist.core.api.serializers import Strict, given
from voiceassist.core.models import SettingArea, SettingChange


class FlagSerializer(serializers.ModelSerializer[FeatureFlag]):
    """On for everyone (true) or nobody (false); with null for `roles`, and for `percent` of users."""

    percent = serializers.FloatField(allow_null=True)
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices))
    created_at = serializers.DateTimeField(source="created")
    changed_at = serializers.DateTimeField(source="modified")

    class Meta:
        model = FeatureFlag
        fields = ["name", "everyone", "percent", "roles", "note", "created_at", "changed_at"]
        read_only_fields = fields


class FlagChangeSerializer(Strict):
    everyone = serializers.BooleanField(allow_null=True, required=False, help_text="True and false override the rest.")
    percent = serializers.FloatField(
        min_value=0, max_value=99.9, allow_null=True, required=False, help_text="Of users, with one decimal at most."
    )
    roles = serializers.ListField(child=serializers.ChoiceField(choices=Role.choices), required=False)
    note = serializers.CharField(max_length=flags.LONGEST_NOTE, allow_blank=True, required=False)


class FlagCreateSerializer(FlagChangeSerializer):
    name = serializers.RegexField(flags.NAME, max_length=100, help_text="Such as new-reader; it cannot be changed.")


class FlagsView(APIView):
    permission_classes = [IsAdministrator]

    @extend_schema(operation_id="admin_flags_list", responses=FlagSerializer(many=True))
    def get(self, _request: Request) -> Response:
        """List every feature flag, by name."""
        return Response(FlagSerializer(flags.all_flags(), many=True).data)

    @extend_schema(
        operation_id="admin_flag_create",
        request=FlagCreateSerializer,
        responses={201: FlagSerializer, **errors(409)},
    )
    def post(self, request: Request) -> Response:
        """Make a feature flag; what is not given is off."""
        values = given(FlagCreateSerializer, request)
        flag = flags.create_flag(name=values.pop("name"), values=values, by=signed_in(request))
        return Response(FlagSerializer(flag).data, status=201)


class FlagView(APIView):
    permission_classes = [IsAdministrator]

    @extend_schema(operation_id="admin_flag_read", responses=FlagSerializer)
    def get(self, _request: Request, name: str) -> Response:
        """Return a feature flag."""
        return Response(FlagSerializer(flags.get_flag(name)).data)

    @extend_schema(operation_id="admin_flag_change", request=FlagChangeSerializer, responses=FlagSerializer)
    def put(self, request: Request, name: str) -> Response:
        """Change what is given; the rest stays."""
        values = given(FlagChangeSerializer, request, partial=True)
        return Response(FlagSerializer(flags.change_flag(name=name, values=values, by=signed_in(request))).data)

    @extend_schema(operation_id="admin_flag_delete", responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Take a feature flag away: the feature is off for everybody."""
        flags.delete_flag(name=name, by=signed_in(request))
        return Response(status=204)


class FlagHistoryView(HistoryView):
    @extend_schema(operation_id="admin_flag_history")
    def get(self, request: Request, name: str) -> Response:  # noqa: ARG002 (`get_queryset` reads it)
        """List who changed a flag, when, from what to what, newest first. A deleted flag keeps its history."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[SettingChange]:
        """Return the changes of a flag. Raises FlagNotFound when there never was one."""
        name = self.kwargs["name"]
        changes = setting_history.changes(area=SettingArea.FLAG, key=name)
        if not changes.exists():
            raise flags.FlagNotFound
        return changes


class OwnFlagsSerializer(serializers.Serializer[Any]):
    on = serializers.ListField(child=serializers.CharField(), help_text="Names of features.")


class OwnFlagsView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="flags_own", responses=OwnFlagsSerializer)
    def get(self, request: Request) -> Response:
        """Return which features are on for the signed-in user."""
        return Response({"on": flags.all_on(user=signed_in(request))})
