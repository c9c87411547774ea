"""A user's own profile and preferences, and the directory of those who work here."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.accounts import access, queries
from voiceassist.accounts.api import profile_serializers as shapes
from voiceassist.accounts.api.permissions import SignedIn, signed_in
from voiceassist.accounts.models import User
from voiceassist.accounts.services import preferences, profiles
from voiceassist.core.api.schema import errors
from voiceassist.core.api.serializers import asked, given


class ProfileView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="users_me_read", responses=shapes.ProfileSerializer)
    def get(self, request: Request) -> Response:
        """Return the signed-in user's own profile."""
        return Response(shapes.ProfileSerializer(signed_in(request)).data)

    @extend_schema(
        operation_id="users_me_change",
        request=shapes.ProfileChangeSerializer,
        responses={200: shapes.ProfileSerializer, **errors(409)},
    )
    def put(self, request: Request) -> Response:
        """Change parts of it. Address and role are read-only: sent as they are they are taken, changed they are not."""
        user = signed_in(request)
        values = given(shapes.ProfileChangeSerializer, request, partial=True)
        profiles.change_profile(user=user, values=values)
        return Response(shapes.ProfileSerializer(user).data)


class PreferencesView(APIView):
    permission_classes = [SignedIn]

    @extend_schema(operation_id="users_me_settings_read", responses=shapes.PreferencesSerializer)
    def get(self, request: Request) -> Response:
        """Return what the signed-in user chose, or the defaults."""
        return Response(shapes.PreferencesSerializer(preferences.preferences_of(signed_in(request))).data)

    @extend_schema(
        operation_id="users_me_settings_change",
        request=shapes.PreferencesChangeSerializer,
        responses=shapes.PreferencesSerializer,
    )
    def put(self, request: Request) -> Response:
        """Change what is given; the rest stays."""
        values = given(shapes.PreferencesChangeSerializer, request, partial=True)
        changed = preferences.change_preferences(user=signed_in(request), values=values)
        return Response(shapes.PreferencesSerializer(changed).data)


class ProfessionalsView(ListAPIView[User]):
    serializer_class = shapes.ProfessionalSerializer

    @extend_schema(operation_id="users_professionals_list", parameters=[shapes.SearchSerializer])
    def get(self, request: Request) -> Response:
        """List those who have a role and are active, by name."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[User]:
        """Return whom to list."""
        return queries.professionals(**asked(shapes.SearchSerializer, self.request))


class ProfessionalView(APIView):
    @extend_schema(
        operation_id="users_professionals_change",
        request=shapes.ProfileChangeSerializer,
        responses={200: shapes.ProfessionalSerializer, **errors(409)},
    )
    def put(self, request: Request, user_id: uuid.UUID) -> Response:
        """Change parts of a profile: one's own, or as an administrator anybody's."""
        user = access.get_editable_professional(user_id=user_id, by=signed_in(request))
        profiles.change_profile(user=user, values=given(shapes.ProfileChangeSerializer, request, partial=True))
        return Response(shapes.ProfessionalSerializer(user).data)
