"""A forgotten password: ask for a link, open it, choose another."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.entering import AddressForm
from voiceassist.accounts.forms.passwords import ResetForm
from voiceassist.accounts.services import passwords
from voiceassist.accounts.services.registration import LinkNotValid
from voiceassist.accounts.views.page import ADDRESS, AccountFormView, forget_token, hidden_token, hide_token
from voiceassist.core.errors import DomainError

TOKEN = "token"  # noqa: S105 (the name of a parameter)


class ResetRequestView(AccountFormView):
    """Send a link for a new password; whether the address has an account does not show."""

    form_class = AddressForm
    template_name = "accounts/reset.html"
    limit = "password_reset"
    refusal = "Nothing was sent"

    def get_initial(self) -> dict[str, Any]:
        """Begin with the address that was given on the page before."""
        return {"email": self.request.session.get(ADDRESS, "")}

    def do(self, form: AccountForm) -> HttpResponse:
        """Send the link."""
        passwords.request_reset(email=form.cleaned_data["email"])
        self.request.session[ADDRESS] = form.cleaned_data["email"]
        return redirect("password-reset-sent")


@never_cache
@require_safe
def reset_sent(request: HttpRequest) -> HttpResponse:
    """Say that a message was sent, if the address has an account."""
    return render(request, "accounts/reset_sent.html", {"address": request.session.get(ADDRESS, "")})


class ResetView(AccountFormView):
    """Choose a new password by the link of the message."""

    form_class = ResetForm
    template_name = "accounts/reset_confirm.html"
    limit = "login"
    refusal = "Your password was not changed"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Read the link."""
        hidden = hide_token(request, TOKEN, is_ours=_opens_something)
        if hidden:
            return hidden
        try:
            self.user = passwords.user_of_reset(hidden_token(request, TOKEN))
        except LinkNotValid:
            return self._not_valid(request)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def do(self, form: AccountForm) -> HttpResponse:
        """Set the password."""
        token = hidden_token(self.request, TOKEN)
        user = passwords.reset_password(token=token, new=form.cleaned_data["password"], now=timezone.now())
        forget_token(self.request, TOKEN)
        self.request.session[ADDRESS] = user.email
        return redirect("password-reset-done")

    def refused(self, form: AccountForm, error: DomainError) -> HttpResponse:
        """Show a link that was used in the meantime as the others that are good for nothing."""
        return self._not_valid(self.request) if isinstance(error, LinkNotValid) else super().refused(form, error)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add whose password it is, for the page and for password managers."""
        return {**super().get_context_data(**kwargs), "owner": self.user}

    def _not_valid(self, request: HttpRequest) -> HttpResponse:
        forget_token(request, TOKEN)
        return render(request, "accounts/reset_not_valid.html")


def _opens_something(token: str) -> bool:
    try:
        passwords.user_of_reset(token)
    except LinkNotValid:
        return False
    return True


@never_cache
@require_safe
def reset_done(request: HttpRequest) -> HttpResponse:
    """Say that the password was changed."""
    return render(request, "accounts/reset_done.html")
