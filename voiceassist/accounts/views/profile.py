"""One's own profile."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator

from voiceassist.accounts import access
from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.profile import ProfileForm
from voiceassist.accounts.services import profiles
from voiceassist.accounts.views.page import AccountFormView, user_of


@method_decorator(login_required, name="dispatch")
class ProfileView(AccountFormView):
    """Show one's profile and change it; address and role are for administrators to change."""

    form_class = ProfileForm
    template_name = "accounts/settings/profile.html"
    refusal = "Your profile was not changed"
    extra_context = {"section": "profile"}

    def get_initial(self) -> dict[str, Any]:
        """Begin with what is stored."""
        return {name: getattr(user_of(self.request), name) for name in ProfileForm.base_fields}

    def do(self, form: AccountForm) -> HttpResponse:
        """Change it, in a copy: the page is about the stored one until that is done."""
        user = access.get_user(user_id=user_of(self.request).pk)
        profiles.change_profile(user=user, values=form.cleaned_data)
        messages.success(self.request, "Your profile is saved.")
        return redirect("profile")
