"""Getting in: register, verify, log in, second factor, refresh; and a forgotten password."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.accounts import devices
from voiceassist.accounts.access import is_void
from voiceassist.accounts.api import serializers as shapes
from voiceassist.accounts.client import Client
from voiceassist.accounts.metrics import SIGN_INS
from voiceassist.accounts.models import User
from voiceassist.accounts.passwords import strength_of
from voiceassist.accounts.services import credentials, passwords, registration, second_factor, sign_ins
from voiceassist.accounts.services.sign_ins import TokenPair
from voiceassist.accounts.tokens import SECOND_FACTOR_LIFE, Token, TokenRevoked, TokenUse, decode
from voiceassist.core.api.schema import errors
from voiceassist.core.api.serializers import given
from voiceassist.core.api.throttling import limit
from voiceassist.core.errors import DomainError, ErrorCode

ACCEPTED = OpenApiResponse(description="Done, or as if done: the answer does not tell whether an account exists.")


class MfaRequired(DomainError):
    """The password was right. `details` holds `mfa_token` for `auth/mfa`, or says that none is set up yet."""

    code = ErrorCode.MFA_REQUIRED
    http_status = 401
    user_message = "Enter the code of your authenticator app."


class OpenView(APIView):
    """A route for people who are not signed in; what they send as authentication is not looked at."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []


class RegisterView(OpenView):
    throttle_classes = [limit("register")]

    @extend_schema(request=shapes.RegisterSerializer, responses={201: shapes.RegisteredSerializer, **errors(403)})
    def post(self, request: Request) -> Response:
        """Register an account; it has no role until one is granted, unless an invitation brings one."""
        user = registration.register(**given(shapes.RegisterSerializer, request), now=timezone.now())
        return Response({"status": "registered" if user else "verification_sent"}, status=201)


class VerifyView(OpenView):
    throttle_classes = [limit("login")]

    @extend_schema(request=shapes.VerifySerializer, responses={200: shapes.UserSerializer, **errors(401)})
    def post(self, request: Request) -> Response:
        """Confirm an address with the token of the message and the password that was chosen."""
        user = registration.verify_email(**given(shapes.VerifySerializer, request), now=timezone.now())
        return Response(shapes.UserSerializer(user).data)


class ResendView(OpenView):
    throttle_classes = [limit("password_reset")]

    @extend_schema(request=shapes.ResetRequestSerializer, responses={202: ACCEPTED})
    def post(self, request: Request) -> Response:
        """Send the message that confirms an address once more."""
        registration.send_verification_again(**given(shapes.ResetRequestSerializer, request))
        return Response(None, status=202)


class LoginView(OpenView):
    throttle_classes = [limit("login")]

    @extend_schema(
        request=shapes.LoginRequestSerializer, responses={200: shapes.LoginAnswerSerializer, **errors(401, 403)}
    )
    def post(self, request: Request) -> Response:
        """Trade address and password for tokens; with a second factor, for a token that `auth/mfa` takes."""
        now = timezone.now()
        body = given(shapes.LoginRequestSerializer, request)
        user = credentials.check_password(
            email=body["email"],
            password=body["password"],
            request=request._request,  # noqa: SLF001 (DRF's way to the HttpRequest)
            device=devices.device_of(body["device_token"], email=body["email"]),
            now=now,
        )
        if second_factor.is_set_up(user):
            SIGN_INS.labels(outcome="second_factor_asked").inc()
            raise MfaRequired(details=_pending(user, now))
        if second_factor.must_set_up(user):
            raise MfaRequired("Your role needs a second factor. Sign in with a browser to set one up.")
        return _signed_in(request, user, second_factor=False, now=now)


class SecondFactorView(OpenView):
    throttle_classes = [limit("login")]

    @extend_schema(request=shapes.SecondFactorSerializer, responses={200: shapes.LoginAnswerSerializer, **errors(401)})
    def post(self, request: Request) -> Response:
        """Trade the token of `auth/login` and a code for tokens."""
        now = timezone.now()
        body = given(shapes.SecondFactorSerializer, request)
        token = decode(body["mfa_token"], TokenUse.SECOND_FACTOR)
        user = User.objects.filter(pk=token.user_id, is_active=True).first()
        if user is None or is_void(user, issued_at=token.issued_at):
            raise TokenRevoked
        second_factor.check_code(user=user, code=body["code"], now=now)
        return _signed_in(request, user, second_factor=True, now=now)


class RefreshView(OpenView):
    throttle_classes = [limit("refresh")]

    @extend_schema(request=shapes.RefreshSerializer, responses={200: shapes.TokensSerializer, **errors(401)})
    def post(self, request: Request) -> Response:
        """Trade a refresh token for a new pair, once; a second time ends the session it belongs to."""
        pair = sign_ins.refresh(text=given(shapes.RefreshSerializer, request)["refresh"], now=timezone.now())
        return Response(pair_body(pair))


class ResetRequestView(OpenView):
    throttle_classes = [limit("password_reset")]

    @extend_schema(request=shapes.ResetRequestSerializer, responses={202: ACCEPTED})
    def post(self, request: Request) -> Response:
        """Send a link for a new password to the address, if an account has it."""
        passwords.request_reset(**given(shapes.ResetRequestSerializer, request))
        return Response(None, status=202)


class ResetView(OpenView):
    throttle_classes = [limit("login")]

    @extend_schema(request=shapes.ResetSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Set a new password by the token of the message. Every sign-in of the account ends."""
        body = given(shapes.ResetSerializer, request)
        passwords.reset_password(token=body["token"], new=body["password"], now=timezone.now())
        return Response(status=204)


class StrengthView(OpenView):
    throttle_classes = [limit("strength")]

    @extend_schema(request=shapes.StrengthRequestSerializer, responses=shapes.StrengthSerializer)
    def post(self, request: Request) -> Response:
        """Judge a password, from 0 to 100. It is neither stored nor logged."""
        body = given(shapes.StrengthRequestSerializer, request)
        strength = strength_of(body["password"], about=(body["name"], body["email"]))
        return Response(shapes.StrengthSerializer(strength).data)


def pair_body(pair: TokenPair) -> dict[str, Any]:
    """Return a pair of tokens as the API gives it."""
    return {
        "access": pair.access,
        "refresh": pair.refresh,
        "token_type": "Bearer",
        "expires_in": pair.expires_in,
        "session_id": str(pair.sign_in_id),
    }


def _pending(user: User, now: datetime) -> dict[str, Any]:
    token = Token.issue(TokenUse.SECOND_FACTOR, user_id=user.pk, family=uuid.uuid4(), now=now)
    return {"mfa_token": token.encode(), "expires_in": int(SECOND_FACTOR_LIFE.total_seconds())}


def _signed_in(request: Request, user: User, *, second_factor: bool, now: datetime) -> Response:
    client = Client.of(request)
    pair = sign_ins.begin_with_tokens(user=user, client=client, second_factor=second_factor, now=now)
    SIGN_INS.labels(outcome="signed_in").inc()
    token = devices.device_token(email=user.email)
    return Response({**pair_body(pair), "user": shapes.UserSerializer(user).data, "device_token": token})
