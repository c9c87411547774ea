"""A signed cookie that a browser keeps after signing in: "this device knows this account's password"."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from voiceassist.accounts.models import normalize_email

COOKIE = "va_device"
LIFE = timedelta(days=180)
_SALT = "voiceassist.accounts.device"


def device_for(request: HttpRequest, *, email: str) -> str:
    """Return the device's id if its cookie was made for this address, else ""."""
    return device_of(request.COOKIES.get(COOKIE, ""), email=email)


def device_of(token: str, *, email: str) -> str:
    """Return the device's id if a cookie's value, or a program's `device_token`, was made for this address, else ""."""
    try:
        device, owner = signing.loads(token, salt=_SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(device) if owner == _owner(email) else ""


def device_token(*, email: str, device: str = "") -> str:
    """Return what a browser or a program keeps, to be known the next time; the id of a known device stays."""
    return signing.dumps([device or secrets.token_urlsafe(12), _owner(email)], salt=_SALT)


def remember_device(response: HttpResponse, *, email: str, device: str) -> None:
    """Set the cookie, for the next time; the id stays while the cookie does."""
    response.set_cookie(
        COOKIE,
        device_token(email=email, device=device),
        max_age=LIFE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
        path="/app/",
    )


def _owner(email: str) -> str:
    return salted_hmac(_SALT, normalize_email(email)).hexdigest()[:24]
