from __future__ import annotations

from typing import Any

from django.contrib.auth.views import LoginView

from voiceassist.accounts.backends import comes_from_this_machine, serves_loopback_only
from voiceassist.accounts.forms import SignInForm


class SignInView(LoginView):
    """Sign in by browser session; then on to where the user was going."""

    form_class = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the errors for the summary, and whether a demonstration account may exist here."""
        context = super().get_context_data(**kwargs)
        is_local = serves_loopback_only() and comes_from_this_machine(self.request)
        return {**context, "summary": context["form"].summary(), "is_local": is_local}
