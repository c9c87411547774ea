"""Whether the browser's sign-in still stands, and whether somebody was at it lately."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from voiceassist.accounts import access, browser
from voiceassist.accounts.services import sign_ins
from voiceassist.core.api.envelope import failure_response
from voiceassist.core.middleware import wants_json

SEEN_EVERY = timedelta(seconds=30)
OPEN_WHILE_LOCKED = frozenset({"unlock", "logout"})
BACKGROUND = "X-Background"  # a request that no person made


class SignInMiddleware:
    """Sign a browser out whose sign-in has ended, and lock one that was left alone.

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
        return self.get_response(request)

    def _locked(self, request: HttpRequest) -> HttpResponse:
        """Let through nothing but the page that unlocks, and signing out."""
        unlock = reverse("unlock")
        if request.path_info in {reverse(name) for name in OPEN_WHILE_LOCKED}:
            return self.get_response(request)
        if "HX-Request" in request.headers:
            return HttpResponse(status=401, headers={"HX-Redirect": unlock})
        if wants_json(request):
            return failure_response(access.BrowserLocked(), request=request)
        back = request.get_full_path() if request.method == "GET" else reverse("home")
        return HttpResponseRedirect(f"{unlock}?{urlencode({'next': back})}")
