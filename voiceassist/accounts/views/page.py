"""What the pages of accounts share: a form whose deed a service may refuse, and where to go afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.models import SignIn, User
from voiceassist.core import rate_limits
from voiceassist.core.errors import DomainError, NotFound

NOT_OURS = "wrong-link"  # in the address, after a token that was not stored
ADDRESS = "address_given"  # in the session: whom the last message went to, or who is about to sign in


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class AccountFormView(FormView):  # type: ignore[type-arg]  # Django's class takes no parameters
    """A page with one form. What a service refuses is shown in it; what does not exist stays a 404."""

    limit = ""  # scope of the rate limit on what is sent, by address
    refusal = "Nothing was changed"  # heading of the error summary

    def post(self, request: HttpRequest, *_: Any, **__: Any) -> HttpResponse:
        """Check the form and do what it asks for."""
        form = self.get_form()
        try:
            if self.limit:
                rate_limits.check(self.limit, request)
            return self.do(form) if form.is_valid() else self.form_invalid(form)
        except NotFound:
            raise
        except DomainError as error:
            return self.refused(form, error)

    def do(self, form: AccountForm) -> HttpResponse:
        """Do what the form asks for. Raises any DomainError."""
        raise NotImplementedError

    def refused(self, form: AccountForm, error: DomainError) -> HttpResponse:
        """Show the form again with what was refused; 429 where waiting helps."""
        form.refuse(error)
        response = self.form_invalid(form)
        if error.retry_after is not None:
            response.status_code = 429
            response["Retry-After"] = str(math.ceil(error.retry_after))
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the error summary."""
        context = super().get_context_data(**kwargs)
        return {"summary": context["form"].summary(), "refusal": self.refusal, **context}


def user_of(request: HttpRequest) -> User:
    """Return the user of a page that only signed-in users reach."""
    return cast("User", request.user)


def sign_in_of(request: HttpRequest) -> SignIn:
    """Return the sign-in of a page that only signed-in users reach."""
    return cast("SignIn", request.sign_in)  # type: ignore[attr-defined]


def next_of(request: HttpRequest) -> str:
    """Return where the browser was going, if that is on our own host, else ""."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else ""


def go_on(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to where the browser was going, or home."""
    return HttpResponseRedirect(next_of(request) or resolve_url("home"))


def hide_token(request: HttpRequest, name: str, *, is_ours: Callable[[str], bool]) -> HttpResponse | None:
    """Take a token out of the address, where history, logs and the Referer header would keep it, into the session.

    Only one of ours is stored: anybody can send others, without end. Raises RateLimited.
    """
    token = request.GET.get(name, "")
    if request.method != "GET" or not token:
        return None
    rate_limits.check("link", request)
    if is_ours(token):
        request.session[f"{name}:{request.path_info}"] = token
        return HttpResponseRedirect(request.path)
    forget_token(request, name)
    return HttpResponseRedirect(f"{request.path}?{NOT_OURS}")


def hidden_token(request: HttpRequest, name: str) -> str:
    """Return what `hide_token` took, else ""."""
    return str(request.session.get(f"{name}:{request.path_info}", ""))


def forget_token(request: HttpRequest, name: str) -> None:
    """Drop a token that was used, or is good for nothing."""
    request.session.pop(f"{name}:{request.path_info}", None)
