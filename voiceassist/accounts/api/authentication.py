"""Who asks: by bearer token, or by browser session with CSRF."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.request import Request

from voiceassist.accounts.access import Bearer, bearer_of
from voiceassist.accounts.backends import may_be_used_by
from voiceassist.accounts.models import User
from voiceassist.accounts.tokens import TokenNotValid

REALM = 'Bearer realm="api"'


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`; `request.auth` is the `Bearer`."""

    def authenticate(self, request: Request) -> tuple[User, Bearer] | None:
        """Return the user. Raises TokenExpired, TokenRevoked, TokenNotValid."""
        scheme, _, credentials = get_authorization_header(request).strip().partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        bearer = bearer_of(credentials.strip().decode("latin1"), now=timezone.now())
        if not may_be_used_by(bearer.user, request._request):  # noqa: SLF001 (DRF's way to the HttpRequest)
            raise TokenNotValid
        return bearer.user, bearer

    def authenticate_header(self, _request: Request) -> str:
        """Say what is expected: with this, DRF answers 401 and not 403."""
        return REALM


class BrowserAuthentication(SessionAuthentication):
    """The session cookie, with CSRF; a locked browser is turned away by `SignInMiddleware` before."""

    def authenticate_header(self, _request: Request) -> str:
        """Say what is expected."""
        return REALM


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        """Describe the scheme."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class BrowserScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BrowserAuthentication
    name = "browser"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        """Describe the scheme."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "With X-CSRFToken to write.",
        }
