"""The lock: a browser that was left alone, and how it is told that somebody is there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from voiceassist.accounts import access, fresh_sign_in
from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.passwords import UnlockForm
from voiceassist.accounts.oidc import sign_in as oidc
from voiceassist.accounts.services import browser_sign_ins, passwords, sign_ins
from voiceassist.accounts.views.page import AccountFormView, go_on, next_of, sign_in_of, user_of


@method_decorator(login_required, name="dispatch")
class UnlockView(AccountFormView):
    """Ask for the password of whoever is signed in, and go on where they were."""

    form_class = UnlockForm
    template_name = "accounts/unlock.html"
    limit = "login"
    refusal = "Still locked"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead on whoever is not locked, perhaps since another tab was unlocked."""
        if not access.is_idle(sign_in_of(request), now=timezone.now()):
            return go_on(request)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def do(self, form: AccountForm) -> HttpResponse:
        """Unlock."""
        now, given = timezone.now(), form.cleaned_data["current_password"]
        passwords.check_current(user=user_of(self.request), password=given, now=now)
        sign_ins.see(sign_in=sign_in_of(self.request), now=now)
        return go_on(self.request)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add who is signed in, and where to go on."""
        return {
            **super().get_context_data(**kwargs),
            "owner": user_of(self.request),
            "next": next_of(self.request),
            "has_password": user_of(self.request).has_usable_password(),
            "oidc": oidc.provider(),
        }


class SignOutView(LogoutView):
    """Sign out, of a locked browser too; the lock is remembered for single sign-on."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Sign out."""
        locked_at = fresh_sign_in.locked_at(request, now=timezone.now())
        response: HttpResponse = super().post(request, *args, **kwargs)
        if locked_at:
            fresh_sign_in.remember(response, after=locked_at)
        return response


@login_required
@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """Note that somebody is at this browser."""
    sign_ins.see(sign_in=sign_in_of(request), now=timezone.now())
    return HttpResponse(status=204)


@login_required
@require_POST
def lock(request: HttpRequest) -> HttpResponse:
    """Lock this browser now: its owner leaves, or nobody has touched it for long."""
    browser_sign_ins.lock(sign_in=sign_in_of(request), now=timezone.now())
    return HttpResponseRedirect(f"{reverse('unlock')}?{urlencode({'next': next_of(request) or reverse('home')})}")
