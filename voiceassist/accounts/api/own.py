"""The signed-in user's own account: who I am, where I am signed in, leaving, a new password."""

from __future__ import annotations

import uuid

from django.contrib.auth import logout, update_session_auth_hash
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.accounts import access
from voiceassist.accounts.access import Bearer
from voiceassist.accounts.api import serializers as shapes
from voiceassist.accounts.api.entering import pair_body
from voiceassist.accounts.api.permissions import SignedIn, signed_in
from voiceassist.accounts.models import EndReason, SignIn, SignInKind
from voiceassist.accounts.queries import open_sign_ins
from voiceassist.accounts.services import passwords, sign_ins
from voiceassist.accounts.tokens import Token
from voiceassist.core.api.pagination import Pages
from voiceassist.core.api.serializers import given
from voiceassist.core.api.throttling import limit

CHANGED = OpenApiResponse(
    shapes.TokensSerializer(allow_null=True), description="New tokens in place of the old; null for a browser."
)


class OwnView(APIView):
    """A route for anybody who is signed in, with a role or without."""

    permission_classes = [SignedIn]

    @property
    def sign_in(self) -> SignIn | None:
        """Return how the user of this request signed in."""
        if isinstance(self.request.auth, Bearer):
            return self.request.auth.sign_in
        return getattr(self.request, "sign_in", None)

    @property
    def token(self) -> Token | None:
        """Return the request's access token, if it came by one."""
        return self.request.auth.token if isinstance(self.request.auth, Bearer) else None


class MeView(OwnView):
    @extend_schema(responses=shapes.UserSerializer)
    def get(self, request: Request) -> Response:
        """Return who is signed in."""
        return Response(shapes.UserSerializer(signed_in(request)).data)


class LogoutView(OwnView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End this sign-in: its tokens are void at once, or its browser session is gone."""
        if self.sign_in is not None:
            sign_ins.end(sign_in=self.sign_in, reason=EndReason.SIGNED_OUT, now=timezone.now(), token=self.token)
        if self.token is None:
            logout(request)
        return Response(status=204)


class LogoutAllView(OwnView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End every sign-in of the user, this one too."""
        sign_ins.end_all(user=signed_in(request), reason=EndReason.EVERYWHERE, now=timezone.now())
        if self.token is None:
            logout(request)
        return Response(status=204)


class PasswordChangeView(OwnView):
    throttle_classes = [limit("login")]

    @extend_schema(request=shapes.PasswordChangeSerializer, responses={200: CHANGED})
    def post(self, request: Request) -> Response:
        """Set a new password. Every other sign-in ends, and this one's tokens are replaced."""
        now, body, user, sign_in = (
            timezone.now(),
            given(shapes.PasswordChangeSerializer, request),
            signed_in(request),
            self.sign_in,
        )
        passwords.change_password(
            user=user, current=body["current_password"], new=body["new_password"], keep=sign_in, now=now
        )
        if sign_in is None or sign_in.kind == SignInKind.BROWSER:
            update_session_auth_hash(request._request, user)  # noqa: SLF001 (DRF's way to the HttpRequest)
            return Response(None)
        return Response(pair_body(sign_ins.renew(sign_in=sign_in, user=user, now=now)))


class SignInsView(OwnView):
    pagination_class = Pages

    @extend_schema(responses=shapes.SignInSerializer(many=True), operation_id="auth_sessions_list")
    def get(self, request: Request) -> Response:
        """List where the user is signed in, the place used last first."""
        current = self.sign_in.pk if self.sign_in else None
        pages = Pages()
        rows = pages.paginate_queryset(open_sign_ins(signed_in(request)), request, view=self)
        return pages.get_paginated_response(
            shapes.SignInSerializer(rows or [], many=True, context={"current": current}).data
        )

    @extend_schema(responses={204: None}, operation_id="auth_sessions_end_others")
    def delete(self, request: Request) -> Response:
        """End every sign-in but this one."""
        sign_ins.end_others(user=signed_in(request), keep=self.sign_in, now=timezone.now())
        return Response(status=204)


class SignInView(OwnView):
    @extend_schema(responses=shapes.SignInSerializer)
    def get(self, request: Request, sign_in_id: uuid.UUID) -> Response:
        """Return one of the user's own sign-ins."""
        found = access.get_own_sign_in(user=signed_in(request), sign_in_id=sign_in_id)
        current = self.sign_in.pk if self.sign_in else None
        return Response(shapes.SignInSerializer(found, context={"current": current}).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, sign_in_id: uuid.UUID) -> Response:
        """End one of the user's own sign-ins."""
        found = access.get_own_sign_in(user=signed_in(request), sign_in_id=sign_in_id)
        is_this = self.token is not None and self.token.family == found.pk
        reason, token = EndReason.REVOKED, self.token if is_this else None
        sign_ins.end(sign_in=found, reason=reason, now=timezone.now(), token=token)
        return Response(status=204)
