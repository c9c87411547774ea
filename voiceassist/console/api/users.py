"""People, for administrators. Adding somebody is an invitation: `auth/invitations`."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.accounts import access, queries
from voiceassist.accounts.api.permissions import IsAdministrator, signed_in
from voiceassist.accounts.models import Role, User
from voiceassist.accounts.services import administration
from voiceassist.core.api.schema import errors
from voiceassist.core.api.serializers import Strict, asked, given

NO_ROLE = "none"


class ManagedUserSerializer(serializers.ModelSerializer[User]):
    """A user, as administrators see them."""

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "name",
            "role",
            "is_active",
            "professional_role",
            "department",
            "email_verified_at",
            "last_login",
            "created_at",
        ]
        read_only_fields = fields


class UserChangeSerializer(Strict):
    name = serializers.CharField(max_length=150, allow_blank=True, required=False)
    role = serializers.ChoiceField(
        choices=Role.choices, allow_blank=True, required=False, help_text="Empty: no role, which opens nothing."
    )
    is_active = serializers.BooleanField(required=False)


class UserFilterSerializer(serializers.Serializer[Any]):
    q = serializers.CharField(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="Words to look for in name, address, profession and department.",
    )
    role = serializers.ChoiceField(choices=[*Role.values, NO_ROLE], required=False)
    active = serializers.BooleanField(required=False)

    def validate_role(self, role: str) -> str:
        """Take `none` for the empty role."""
        return "" if role == NO_ROLE else role


class UsersView(ListAPIView[User]):
    permission_classes = [IsAdministrator]
    serializer_class = ManagedUserSerializer

    @extend_schema(operation_id="admin_users_list", parameters=[UserFilterSerializer])
    def get(self, request: Request) -> Response:
        """List users, by address."""
        return self.list(request)

    def get_queryset(self) -> QuerySet[User]:
        """Return whom to list."""
        return queries.people(**asked(UserFilterSerializer, self.request))


class UserView(APIView):
    permission_classes = [IsAdministrator]

    @extend_schema(operation_id="admin_user_read", responses=ManagedUserSerializer)
    def get(self, _request: Request, user_id: uuid.UUID) -> Response:
        """Return a user."""
        return Response(ManagedUserSerializer(access.get_user(user_id=user_id)).data)

    @extend_schema(
        operation_id="admin_user_change",
        request=UserChangeSerializer,
        responses={200: ManagedUserSerializer, **errors(409)},
    )
    def patch(self, request: Request, user_id: uuid.UUID) -> Response:
        """Change role, access or name. Another role, and being switched off, end every sign-in of the user."""
        user = administration.change_user(
            user_id=user_id,
            by=signed_in(request),
            now=timezone.now(),
            **given(UserChangeSerializer, request, partial=True),
        )
        return Response(ManagedUserSerializer(user).data)
