"""The screens of the system's own settings, for administrators."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.text import Truncator
from unfold.decorators import display
from unfold.forms import AdminForm

from voiceassist.accounts.admin import AdministratorsOnly
from voiceassist.accounts.queries import names_of
from voiceassist.accounts.screens import Screen
from voiceassist.console.forms import SystemSettingsForm
from voiceassist.console.queries import with_names
from voiceassist.core import system_settings
from voiceassist.core.models import SettingChange, SystemSetting

SHOWN = 60  # characters of a value in a list


@admin.register(SystemSetting)
class SystemSettingAdmin(AdministratorsOnly, Screen):
    """One form for all of them, in the place of a list."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: SystemSetting | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the form, and save it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        states = system_settings.states()
        names = names_of(state.changed_by_id for state in states)
        form = SystemSettingsForm(request.POST or None, states=states, names=names)
        if form.is_valid() and (changed := form.save(by_id=request.user.pk)) is not None:  # type: ignore[arg-type]
            self.message_user(request, _said(changed), messages.SUCCESS)
            return HttpResponseRedirect(request.path)
        return TemplateResponse(
            request, "console/system_settings.html", self._context(request, form) | (extra_context or {})
        )

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002 (Django's signature)
        """Lead to the one form: a setting has no page of its own."""
        return HttpResponseRedirect("../../")

    def _context(self, request: HttpRequest, form: SystemSettingsForm) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": "System settings",
            "opts": self.opts,
            "form": form,
            "adminform": AdminForm(form, form.fieldsets(), {}, model_admin=self),
            "media": self.media + form.media,
        }


@admin.register(SettingChange)
class SettingChangeAdmin(AdministratorsOnly, Screen):
    """Who changed what, to read only."""

    list_display = ["when", "key", "area", "old", "new", "who"]
    list_filter = ["area"]
    linked_by = ["key"]
    search_fields = ["key"]
    list_fullwidth = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[SettingChange]:
        """Name who made each change."""
        return with_names(super().get_queryset(request))

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: SettingChange | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: SettingChange | None = None) -> bool:
        return False

    @display(description="When (UTC)", ordering="at")
    def when(self, change: SettingChange) -> str:
        """Show the time on one line."""
        return date_format(change.at, "j M Y, H:i")

    @display(description="Before")
    def old(self, change: SettingChange) -> str:
        """Show the value; of a flag, the parts that differ."""
        return _as_text(change.before, beside=change.after)

    @display(description="After")
    def new(self, change: SettingChange) -> str:
        """Show the value; of a flag, the parts that differ."""
        return _as_text(change.after, beside=change.before)

    @display(description="By")
    def who(self, change: Any) -> str:
        """Name who made the change."""
        return change.by_name or ("a user who is gone" if change.by_id else "the system")


def _said(changed: list[str]) -> str:
    return (
        f"Saved: {', '.join(changed)}. It counts at once." if changed else "Nothing was different, nothing was saved."
    )


def _as_text(value: Any, *, beside: Any = None) -> str:
    """Return a value in few words: of a flag the fields that are other than `beside`."""
    if isinstance(value, dict):
        other = beside if isinstance(beside, dict) else dict.fromkeys(value)
        parts = [f"{name}: {_as_text(part)}" for name, part in value.items() if (part or None) != (other[name] or None)]
        return Truncator("; ".join(parts) or "off").chars(SHOWN)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else json.dumps(value)
