"""Security: the password, and where one is signed in."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from voiceassist.accounts import access
from voiceassist.accounts.contexts import sign_in_lines
from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.passwords import ChangePasswordForm
from voiceassist.accounts.models import EndReason
from voiceassist.accounts.oidc import sign_in as oidc
from voiceassist.accounts.queries import open_sign_ins
from voiceassist.accounts.services import passwords, second_factor, sign_ins
from voiceassist.accounts.views.page import AccountFormView, sign_in_of, user_of

SHOWN = 50  # sign-ins


@never_cache
@login_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Show how one signs in, and where one is signed in."""
    user, now = user_of(request), timezone.now()
    rows = open_sign_ins(user)[:SHOWN]
    context = {
        "section": "security",
        "has_password": user.has_usable_password(),
        "oidc": oidc.provider(),
        "has_second_factor": second_factor.is_set_up(user),
        "codes_left": second_factor.recovery_codes_left(user),
        "sign_ins": sign_in_lines(rows, current=sign_in_of(request), now=now),
    }
    return render(request, "accounts/settings/security.html", context)


@method_decorator(login_required, name="dispatch")
class PasswordView(AccountFormView):
    """Change the password. Every other sign-in ends; this one goes on."""

    form_class = ChangePasswordForm
    template_name = "accounts/settings/password.html"
    limit = "login"
    refusal = "Your password was not changed"
    extra_context = {"section": "security"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead back whoever has no password here."""
        if not user_of(request).has_usable_password():
            return redirect("security")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def do(self, form: AccountForm) -> HttpResponse:
        """Change it."""
        request, given = self.request, form.cleaned_data
        user = access.get_user(user_id=user_of(request).pk)
        passwords.change_password(
            user=user,
            current=given["current_password"],
            new=given["password"],
            keep=sign_in_of(request),
            now=timezone.now(),
        )
        update_session_auth_hash(request, user)
        messages.success(request, "Your password is changed. You are signed out everywhere else.")
        return redirect("security")


@login_required
@require_POST
def end_sign_in(request: HttpRequest, sign_in_id: uuid.UUID) -> HttpResponse:
    """End one of one's own sign-ins; this one is a sign-out."""
    found = access.get_own_sign_in(user=user_of(request), sign_in_id=sign_in_id)
    if found.pk == sign_in_of(request).pk:
        logout(request)
        return redirect("login")
    sign_ins.end(sign_in=found, reason=EndReason.REVOKED, now=timezone.now())
    messages.success(request, "That sign-in is ended.")
    return redirect("security")


@login_required
@require_POST
def end_other_sign_ins(request: HttpRequest) -> HttpResponse:
    """End every sign-in but this one."""
    sign_ins.end_others(user=user_of(request), keep=sign_in_of(request), now=timezone.now())
    messages.success(request, "You are signed out everywhere else.")
    return redirect("security")


@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every sign-in, this one too."""
    sign_ins.end_all(user=user_of(request), reason=EndReason.EVERYWHERE, now=timezone.now())
    logout(request)
    messages.success(request, "You are signed out everywhere.")
    return redirect("login")
