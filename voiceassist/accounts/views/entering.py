"""Signing in: address and password, then the second factor where one is set up."""

from __future__ import annotations

import math
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.utils import timezone

from voiceassist.accounts import browser, devices, pending
from voiceassist.accounts.backends import comes_from_this_machine, serves_loopback_only
from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.entering import SecondFactorForm, SignInForm
from voiceassist.accounts.metrics import SIGN_INS
from voiceassist.accounts.models import User
from voiceassist.accounts.oidc import sign_in as oidc
from voiceassist.accounts.services import credentials, preferences, registration, second_factor
from voiceassist.accounts.services.lockout import TooManyFailures
from voiceassist.accounts.views.page import ADDRESS, AccountFormView, go_on, next_of
from voiceassist.core.errors import DomainError

BACKEND = "voiceassist.accounts.backends.EmailBackend"


class SignInView(AccountFormView):
    """Sign in by address and password; then on to where the user was going."""

    form_class = SignInForm
    template_name = "accounts/sign_in.html"
    limit = "login"
    refusal = "You are not signed in"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead on whoever is signed in already."""
        return go_on(request) if request.user.is_authenticated else super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get_initial(self) -> dict[str, Any]:
        """Begin with the address that was given on the page before."""
        return {"username": self.request.session.get(ADDRESS, "")}

    def get_form(self, form_class: Any = None) -> AccountForm:
        """Begin at the password where the address is known."""
        form: AccountForm = super().get_form(form_class)
        form.fields["password" if form.initial["username"] else "username"].widget.attrs["autofocus"] = True
        return form

    def do(self, form: AccountForm) -> HttpResponse:
        """Check the password; sign in, or ask for the second factor."""
        request, now, given = self.request, timezone.now(), form.cleaned_data
        device = devices.device_for(request, email=given["username"])
        user = credentials.check_password(
            email=given["username"], password=given["password"], request=request, device=device, now=now
        )
        if not second_factor.is_set_up(user):
            return sign_in(request, user, next_url=next_of(request), time_zone=given["time_zone"])
        SIGN_INS.labels(outcome="second_factor_asked").inc()
        pending.begin(request, user=user, next_url=next_of(request), time_zone=given["time_zone"], now=now)
        return redirect("second-factor")

    def refused(self, form: AccountForm, error: DomainError) -> HttpResponse:
        """Offer the message once more to somebody whose address is not confirmed."""
        self.extra_context = {"may_resend": isinstance(error, credentials.EmailNotVerified)}
        return super().refused(form, error)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what else there is to do here."""
        return {
            **super().get_context_data(**kwargs),
            "next": next_of(self.request),
            "is_local": serves_loopback_only() and comes_from_this_machine(self.request),
            "may_register": registration.is_open_to_some(),
            "oidc": oidc.provider(),
        }


class SecondFactorView(AccountFormView):
    """Ask for a code, of somebody whose password was right a moment ago."""

    form_class = SecondFactorForm
    template_name = "accounts/second_factor.html"
    limit = "login"
    refusal = "You are not signed in yet"
    success_url = reverse_lazy("home")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Turn away whoever did not come from the page before, or took too long."""
        if request.user.is_authenticated:
            return go_on(request)
        found = pending.read(request, now=timezone.now())
        if found is None:
            return _begin_again(request)
        self.user, self.pending = found
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def do(self, form: AccountForm) -> HttpResponse:
        """Check the code and sign in."""
        second_factor.check_code(user=self.user, code=form.cleaned_data["code"], now=timezone.now())
        pending.end(self.request)
        self.request.session[browser.SECOND_FACTOR] = True
        return sign_in(self.request, self.user, next_url=self.pending.next, time_zone=self.pending.time_zone)

    def refused(self, form: AccountForm, error: DomainError) -> HttpResponse:
        """Say of a lock what helps here: a new password would not."""
        if isinstance(error, TooManyFailures):
            minutes = max(1, math.ceil((error.retry_after or 0) / 60))
            unit = "minute" if minutes == 1 else "minutes"
            error.user_message = f"There were too many wrong codes. Try again in {minutes} {unit}."
        return super().refused(form, error)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whose code is asked for."""
        return {**super().get_context_data(**kwargs), "address": self.user.email}


def sign_in(request: HttpRequest, user: User, *, next_url: str, time_zone: str) -> HttpResponse:
    """Sign the browser in, know it again the next time, and go on."""
    login(request, user, backend=BACKEND)
    request.session.pop(ADDRESS, None)
    preferences.begin_with_time_zone(user=user, time_zone=time_zone)
    SIGN_INS.labels(outcome="signed_in").inc()
    response = HttpResponseRedirect(next_url) if next_url else redirect("home")
    device = devices.device_for(request, email=user.email)
    devices.remember_device(response, email=user.email, device=device)
    return response


def _begin_again(request: HttpRequest) -> HttpResponse:
    if pending.end(request):
        messages.warning(request, "Signing in took longer than five minutes. Begin again.")
    return redirect("login")
