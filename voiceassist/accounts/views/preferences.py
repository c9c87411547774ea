"""One's own preferences: each saved by itself as it is chosen, or all by the button."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.decorators import method_decorator

from voiceassist.accounts.forms.base import AccountForm
from voiceassist.accounts.forms.preferences import PreferencesForm
from voiceassist.accounts.services import preferences
from voiceassist.accounts.views.page import AccountFormView, user_of
from voiceassist.core.middleware import wants_json


@method_decorator(login_required, name="dispatch")
class PreferencesView(AccountFormView):
    """Show preferences and change them. A script names the one field it sends as `only`, and gets JSON."""

    form_class = PreferencesForm
    template_name = "accounts/settings/preferences.html"
    refusal = "Nothing was saved"
    extra_context = {"section": "preferences"}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Give the form what is chosen now."""
        chosen = preferences.preferences_of(user_of(self.request))
        return {**super().get_form_kwargs(), "chosen": chosen, "only": self.request.POST.get("only", "")}

    def do(self, form: AccountForm) -> HttpResponse:
        """Save what was chosen."""
        changed = preferences.change_preferences(user=user_of(self.request), values=form.cleaned_data)
        if wants_json(self.request):
            return JsonResponse({"saved": True, "time_zone": changed.time_zone})
        messages.success(self.request, "Your preferences are saved.")
        return redirect("preferences")

    def form_invalid(self, form: AccountForm) -> HttpResponse:
        """Say what is wrong, in the client's own form."""
        if wants_json(self.request):
            return JsonResponse({"saved": False, "errors": form.messages_by_field()})
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the time zones, and the time in the chosen one."""
        chosen = preferences.preferences_of(user_of(self.request))
        return {
            **super().get_context_data(**kwargs),
            "time_zones": preferences.time_zones(),
            "zone_chosen": chosen.time_zone,
            "now": timezone.now(),
        }
