"""The second factor of one's own account: setting it up, recovery codes, removing it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from voiceassist.accounts.contexts import qr_picture
from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.security import (
    CodeAgainForm,
    PasswordAgainForm,
    SecondFactorSetupByPasswordForm,
    SecondFactorSetupForm,
)
from voiceassist.accounts.services import browser_sign_ins, passwords, second_factor
from voiceassist.accounts.views.page import AccountFormView, sign_in_of, user_of
from voiceassist.core.errors import NotValid

SECRET = "second_factor_secret"  # noqa: S105 (where it stands in the session until a code confirms it)
LONGEST_LIST = 20  # recovery codes


@method_decorator(login_required, name="dispatch")
class SetupView(AccountFormView):
    """Show a secret to an authenticator app, and store it once the app answers with a code."""

    template_name = "accounts/settings/second_factor.html"
    limit = "login"
    refusal = "The second factor is not set up yet"
    extra_context = {"section": "security"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead back whoever has one."""
        if second_factor.is_set_up(user_of(request)):
            request.session.pop(SECRET, None)
            return redirect("security")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get_form_class(self) -> type[AccountForm]:
        """Ask for the password where there is one."""
        has_password = user_of(self.request).has_usable_password()
        return SecondFactorSetupByPasswordForm if has_password else SecondFactorSetupForm

    def do(self, form: AccountForm) -> HttpResponse:
        """Store the secret, and show the recovery codes: in this answer, and never again."""
        request, given, now = self.request, form.cleaned_data, timezone.now()
        user = user_of(request)
        is_demanded = second_factor.must_set_up(user)
        if "current_password" in given:
            passwords.check_current(user=user, password=given["current_password"], now=now)
        codes = second_factor.set_up(
            user=user, secret=request.session.get(SECRET, ""), code=given["code"], keep=sign_in_of(request), now=now
        )
        request.session.pop(SECRET, None)
        browser_sign_ins.note_second_factor(sign_in=sign_in_of(request), given=True)
        return _show_codes(request, codes, done="The second factor is set up.", is_demanded=is_demanded)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the secret, as a picture and as text."""
        user = user_of(self.request)
        setup = second_factor.propose(user, secret=self.request.session.get(SECRET, ""))
        self.request.session[SECRET] = setup.secret
        return {
            **super().get_context_data(**kwargs),
            "secret": setup.secret,
            "grouped_secret": " ".join(setup.secret[start : start + 4] for start in range(0, len(setup.secret), 4)),
            "url": setup.url,
            "qr": qr_picture(setup.svg),
            "is_demanded": second_factor.must_set_up(user),
        }


class AgainView(AccountFormView):
    """A page of somebody with a second factor that asks for the password once more; for a code without one."""

    template_name = "accounts/settings/again.html"
    limit = "login"
    about: dict[str, str] = {}  # title, text and button of the page

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Lead back whoever has no second factor."""
        if not second_factor.is_set_up(user_of(request)):
            return redirect("security")
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def get_form_class(self) -> type[AccountForm]:
        """Ask for what this user has."""
        return PasswordAgainForm if user_of(self.request).has_usable_password() else CodeAgainForm

    def do(self, form: AccountForm) -> HttpResponse:
        """Check it, then go on."""
        given, user, now = form.cleaned_data, user_of(self.request), timezone.now()
        if "code" in given:
            second_factor.check_code(user=user, code=given["code"], now=now)
        else:
            passwords.check_current(user=user, password=given["current_password"], now=now)
        return self.done()

    def done(self) -> HttpResponse:
        """Do what was asked for."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what the page is about."""
        return {**super().get_context_data(**kwargs), "section": "security", "about": self.about}


@method_decorator(login_required, name="dispatch")
class RecoveryCodesView(AgainView):
    """Make new recovery codes in place of the old."""

    about = {
        "title": "New recovery codes",
        "text": "You get ten new codes, each good for one sign-in without the app. "
        "The codes you have now stop working.",
        "button": "Make new codes",
    }

    def done(self) -> HttpResponse:
        """Show them: in this answer, and never again."""
        codes = second_factor.new_recovery_codes(user_of(self.request))
        return _show_codes(self.request, codes, done="You have new recovery codes.", is_demanded=False)


@method_decorator(login_required, name="dispatch")
class RemoveView(AgainView):
    """Remove app and recovery codes."""

    about = {
        "title": "Remove the second factor",
        "text": "From then on the password alone is enough to sign in. The recovery codes stop working too. "
        "To move to another phone, remove it here and set it up again.",
        "button": "Remove the second factor",
    }

    def done(self) -> HttpResponse:
        """Remove it."""
        second_factor.remove(user=user_of(self.request))
        browser_sign_ins.note_second_factor(sign_in=sign_in_of(self.request), given=False)
        messages.success(self.request, "The second factor is removed. The password alone is enough to sign in now.")
        return redirect("security")


@never_cache
@login_required
@require_POST
def save_codes(request: HttpRequest) -> HttpResponse:
    """Give back the codes that the page holds, as a file: they are shown once and not kept. Raises NotValid."""
    codes = request.POST.getlist("code")
    if not codes or len(codes) > LONGEST_LIST or not all(_is_code(code) for code in codes):
        raise NotValid("These are no recovery codes.")
    lines = ["Recovery codes for VoiceAssist", user_of(request).email, "Each can be used once.", "", *codes, ""]
    headers = {"Content-Disposition": 'attachment; filename="voiceassist-recovery-codes.txt"'}
    return HttpResponse("\r\n".join(lines), content_type="text/plain; charset=utf-8", headers=headers)


def _is_code(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 16


def _show_codes(request: HttpRequest, codes: list[str], *, done: str, is_demanded: bool) -> HttpResponse:
    context = {"section": "security", "codes": codes, "done": done, "is_demanded": is_demanded}
    return render(request, "accounts/settings/recovery_codes.html", context)
