"""The two ends of single sign-on: leaving for the provider, and coming back from it."""

from __future__ import annotations

import structlog
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from voiceassist.accounts import fresh_sign_in, pending
from voiceassist.accounts.metrics import SIGN_INS
from voiceassist.accounts.models import User
from voiceassist.accounts.oidc import sign_in as oidc
from voiceassist.accounts.oidc.errors import NotLately, SingleSignOnError
from voiceassist.accounts.services import second_factor, single_sign_on
from voiceassist.accounts.views.entering import BACKEND
from voiceassist.accounts.views.page import next_of
from voiceassist.core import rate_limits
from voiceassist.core.errors import NotFound

logger = structlog.get_logger(__name__)


@method_decorator(never_cache, name="dispatch")
class OidcView(View):
    """A step of the way in. What fails is shown on a page that leads back to the sign-in."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Answer 404 where there is no provider."""
        if oidc.provider() is None:
            raise NotFound
        try:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]
        except SingleSignOnError as error:
            return _failed(request, error)


class OidcLoginView(OidcView):
    """Begin. Only our own form may: otherwise other sites could sign people in as somebody else."""

    def get(self, *_: object) -> HttpResponse:
        """Show the page with the form instead."""
        return redirect("login")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send the browser to the provider by a page.

        A redirect will not do: browsers apply the form-action of our policy to wherever a form is redirected.
        """
        rate_limits.check("oidc", request)
        now = timezone.now()
        demand = fresh_sign_in.demand_of(request, now=now)
        address = oidc.begin(request, next_url=next_of(request), demand=demand, now=now)
        return render(request, "accounts/oidc_leaving.html", {"address": address, "provider": oidc.provider()})


class OidcCallbackView(OidcView):
    """Come back with a code."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Sign in whom the provider names, or ask for the second factor that was set up here."""
        now = timezone.now()
        arrival = oidc.complete(request, demand=fresh_sign_in.demand_of(request, now=now), now=now)
        user = single_sign_on.user_for(identity=arrival.identity, now=now)
        if request.user.is_authenticated:
            logout(request)  # ends the sign-in that is replaced, whoever's it was
        if second_factor.is_set_up(user):
            SIGN_INS.labels(outcome="second_factor_asked").inc()
            pending.begin(request, user=user, next_url=arrival.next_url, time_zone="", now=now)
            return redirect("second-factor")
        return _signed_in(request, user, arrival.next_url)


def _signed_in(request: HttpRequest, user: User, next_url: str) -> HttpResponse:
    login(request, user, backend=BACKEND)
    SIGN_INS.labels(outcome="signed_in").inc()
    return HttpResponseRedirect(next_url or resolve_url("home"))


def _failed(request: HttpRequest, error: SingleSignOnError) -> HttpResponse:
    """Tell the user what happened, and the log which of our own errors it was: never what the provider sent."""
    SIGN_INS.labels(outcome="refused").inc()
    cause = error.__cause__
    status = getattr(cause, "status", None)  # of the provider's answer
    logger.warning("single_sign_on_failed", reason=type(error).__name__, error=cause, provider_status=status)
    context = {"message": error.user_message, "advice": error.advice}
    response = render(request, "accounts/oidc_failed.html", context, status=error.http_status)
    response["Referrer-Policy"] = "no-referrer"  # the address of this page may hold a code
    if isinstance(error, NotLately):
        fresh_sign_in.remember(response, after=error.not_before)  # the next try asks for the password there
    return response
