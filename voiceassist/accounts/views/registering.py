"""Registering: the form, the message that confirms the address, and the confirmation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.entering import AddressForm, RegisterForm, VerifyForm
from voiceassist.accounts.links import read_invitation_token, read_verification_token
from voiceassist.accounts.models import Invitation
from voiceassist.accounts.services import registration
from voiceassist.accounts.services.credentials import InvalidCredentials
from voiceassist.accounts.views.page import (
    ADDRESS,
    NOT_OURS,
    AccountFormView,
    forget_token,
    hidden_token,
    hide_token,
)
from voiceassist.core.errors import DomainError

INVITATION, TOKEN = "invitation", "token"


class RegisterView(AccountFormView):
    """Register, by invitation or where registration is open to the address."""

    form_class = RegisterForm
    template_name = "accounts/register.html"
    limit = "register"
    refusal = "You are not registered yet"
    invitation: Invitation | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Open an invitation, or say that one is needed."""
        hidden = hide_token(request, INVITATION, is_ours=lambda token: read_invitation_token(token) is not None)
        if hidden:
            return hidden
        given = hidden_token(request, INVITATION)
        self.invitation = registration.open_invitation(given, now=timezone.now()) if given else None
        if (given or NOT_OURS in request.GET) and self.invitation is None:
            forget_token(request, INVITATION)
            return self._closed(request, was_invited=True)
        if self.invitation is None and not registration.is_open_to_some():
            return self._closed(request, was_invited=False)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get_initial(self) -> dict[str, Any]:
        """Fill in what the invitation knows."""
        known = self.invitation
        return {"email": known.email, "name": known.name} if known else {}

    def get_form(self, form_class: Any = None) -> AccountForm:
        """Fix the address of an invitation."""
        form: AccountForm = super().get_form(form_class)
        form.fields["email"].disabled = self.invitation is not None
        form.fields["name" if self.invitation else "email"].widget.attrs["autofocus"] = True
        return form

    def do(self, form: AccountForm) -> HttpResponse:
        """Register; whether the address has an account already does not show."""
        request, given = self.request, form.cleaned_data
        invitation = hidden_token(request, INVITATION)
        user = registration.register(
            email=given["email"],
            password=given["password"],
            name=given["name"],
            invitation=invitation,
            now=timezone.now(),
        )
        request.session[ADDRESS] = given["email"]
        if user is None:
            return redirect("register-sent")
        forget_token(request, INVITATION)
        messages.success(request, "Your account is ready. Sign in with the password you just chose.")
        return redirect("login")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add who invites, or which mail domains are listed."""
        domains = [] if self.invitation else registration.listed_domains()
        return {**super().get_context_data(**kwargs), "invitation": self.invitation, "domains": domains}

    def _closed(self, request: HttpRequest, *, was_invited: bool) -> HttpResponse:
        context = {"was_invited": was_invited, "may_register": registration.is_open_to_some()}
        return render(request, "accounts/register_closed.html", context)


class RegisterSentView(AccountFormView):
    """Say that a message was sent, whether or not the address has an account; send it again."""

    form_class = AddressForm
    template_name = "accounts/register_sent.html"
    limit = "password_reset"
    refusal = "Nothing was sent"

    def get_initial(self) -> dict[str, Any]:
        """Begin with the address that was registered."""
        return {"email": self.request.session.get(ADDRESS, "")}

    def do(self, form: AccountForm) -> HttpResponse:
        """Send the message once more."""
        registration.send_verification_again(email=form.cleaned_data["email"])
        self.request.session[ADDRESS] = form.cleaned_data["email"]
        messages.success(self.request, "The message was sent again.")
        return redirect("register-sent")


class VerifyView(AccountFormView):
    """Confirm an address by the link of the message and the password. Opening the link alone does nothing."""

    form_class = VerifyForm
    template_name = "accounts/verify.html"
    limit = "login"
    refusal = "Your address is not confirmed yet"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Read the link."""
        hidden = hide_token(request, TOKEN, is_ours=lambda token: read_verification_token(token) is not None)
        if hidden:
            return hidden
        self.token = hidden_token(request, TOKEN)
        read = read_verification_token(self.token)
        if read is None:
            return self._not_valid(request)
        self.address = read[1]
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def do(self, form: AccountForm) -> HttpResponse:
        """Confirm the address, and lead to the sign-in."""
        user = registration.verify_email(token=self.token, password=form.cleaned_data["password"], now=timezone.now())
        forget_token(self.request, TOKEN)
        self.request.session[ADDRESS] = user.email
        messages.success(self.request, "Your address is confirmed. You can sign in now.")
        return redirect("login")

    def refused(self, form: AccountForm, error: DomainError) -> HttpResponse:
        """Put a wrong password beside its field; a link whose account is gone is as good as none."""
        if isinstance(error, registration.LinkNotValid):
            return self._not_valid(self.request)
        if isinstance(error, InvalidCredentials):
            error.field = "password"
        return super().refused(form, error)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the address that is confirmed."""
        return {**super().get_context_data(**kwargs), "address": self.address}

    def _not_valid(self, request: HttpRequest) -> HttpResponse:
        forget_token(request, TOKEN)
        form = AddressForm(initial={"email": request.session.get(ADDRESS, "")})
        return render(request, "accounts/verify_not_valid.html", {"form": form})
