"""Whether the browser's sign-in still stands, and whether somebody was at it lately."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta, tzinfo
from urllib.parse import urlencode
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from voiceassist.accounts import access, browser
from voiceassist.accounts.models import SignIn
from voiceassist.accounts.services import sign_ins
from voiceassist.accounts.services.preferences import preferences_of
from voiceassist.core.api.aliases import is_api
from voiceassist.core.api.envelope import failure_response
from voiceassist.core.errors import DomainError
from voiceassist.core.middleware import wants_json

SEEN_EVERY = timedelta(seconds=30)
OPEN_WHILE_LOCKED = frozenset({"unlock", "logout", "oidc-login", "oidc-callback"})
OPEN_WITHOUT_SECOND_FACTOR = frozenset({"second-factor-setup", "recovery-codes-save", "logout", "lock", "seen"})
BACKGROUND = "X-Background"  # a request that no person made


class SignInMiddleware:
    """Sign a browser out whose sign-in has ended, and lock one that was left alone.

    Whoever must have a second factor and has none gets no further than to the page that sets it up.

    `request.sign_in` is the row, or None. It stands below Django's AuthenticationMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.sign_in = None  # type: ignore[attr-defined]
        if "_auth_user_id" not in request.session:
            return self.get_response(request)
        now = timezone.now()
        given = browser.sign_in_id(request.session)
        sign_in = access.open_sign_in(given, now=now) if given else None
        if sign_in is None or str(sign_in.user_id) != request.session["_auth_user_id"]:
            logout(request)
            return self.get_response(request)
        request.sign_in = sign_in  # type: ignore[attr-defined]
        if access.is_idle(sign_in, now=now):
            return self._locked(request)
        if now - sign_in.last_seen_at > SEEN_EVERY and BACKGROUND not in request.headers:
            sign_ins.see(sign_in=sign_in, now=now)
        if access.lacks_second_factor(sign_in):
            return self._without_second_factor(request)
        return self.get_response(request)

    def _without_second_factor(self, request: HttpRequest) -> HttpResponse:
        """Let through nothing but the page that sets one up, and signing out."""
        if _is_one_of(request, OPEN_WITHOUT_SECOND_FACTOR):
            return self.get_response(request)
        return _turned_away(request, reverse("second-factor-setup"), access.SecondFactorMissing())

    def _locked(self, request: HttpRequest) -> HttpResponse:
        """Let through nothing but the page that unlocks, and signing out."""
        if _is_one_of(request, OPEN_WHILE_LOCKED):
            return self.get_response(request)
        back = request.get_full_path() if request.method == "GET" else reverse("home")
        page = f"{reverse('unlock')}?{urlencode({'next': back})}"
        return _turned_away(request, page, access.BrowserLocked())


class TimeZoneMiddleware:
    """Show times on pages in the zone that the reader chose; the API gives all times in UTC.

    It stands below SignInMiddleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sign_in: SignIn | None = request.sign_in  # type: ignore[attr-defined]
        if sign_in is None or is_api(request.path_info):
            return self.get_response(request)
        with timezone.override(_zone(preferences_of(sign_in.user).time_zone)):
            return self.get_response(request)


def _zone(name: str) -> tzinfo:
    """Return a time zone; UTC for one that this machine knows no longer."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _is_one_of(request: HttpRequest, names: frozenset[str]) -> bool:
    return request.path_info in {reverse(name) for name in names}


def _turned_away(request: HttpRequest, page: str, error: DomainError) -> HttpResponse:
    """Lead a browser to a page, and tell a program why."""
    if "HX-Request" in request.headers:
        return HttpResponse(status=401, headers={"HX-Redirect": page})
    if wants_json(request):
        return failure_response(error, request=request)
    return HttpResponseRedirect(page)
