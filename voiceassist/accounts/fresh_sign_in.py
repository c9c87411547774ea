"""What a browser that was locked must still prove by single sign-on once the sign-in that was locked is gone.

It is kept in a signed cookie: signing out empties the session, and would make the lock forgotten.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from voiceassist.accounts.access import idle_limit
from voiceassist.accounts.models import SignIn
from voiceassist.accounts.oidc.freshness import Demand
from voiceassist.accounts.services.browser_sign_ins import locked_since
from voiceassist.core import system_settings

COOKIE = "va_anew"
LIFE = timedelta(hours=6)  # longer than any idle limit; after that `max_age` alone demands as much
_SALT = "voiceassist.accounts.fresh-sign-in"


def demand_of(request: HttpRequest, *, now: datetime) -> Demand:
    """Return what single sign-on must prove in this browser."""
    sign_in = _sign_in_of(request)
    limit = idle_limit(sign_in.user) if sign_in else timedelta(minutes=system_settings.get("idle_lock_minutes"))
    return Demand(int(limit.total_seconds()), max(locked_at(request, now=now), _remembered(request)))


def locked_at(request: HttpRequest, *, now: datetime) -> float:
    """Return when this browser was locked, in seconds since 1970; 0 if it is not."""
    sign_in = _sign_in_of(request)
    since = locked_since(sign_in=sign_in, now=now) if sign_in else None
    return since.timestamp() if since else 0


def remember(response: HttpResponse, *, after: float) -> None:
    """Have this browser prove next time that its user signed in at the provider later than that."""
    response.set_cookie(
        COOKIE,
        signing.dumps(after, salt=_SALT),
        max_age=LIFE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
        path="/app/",
    )


def _remembered(request: HttpRequest) -> float:
    try:
        return float(signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=LIFE))
    except (signing.BadSignature, ValueError, TypeError):
        return 0


def _sign_in_of(request: HttpRequest) -> SignIn | None:
    found: SignIn | None = getattr(request, "sign_in", None)
    return found
