from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite

OURS = frozenset({"voiceassist", "knowledge", "clinical", "conversations", "voice", "sharing"})


class ConsoleSite(UnfoldAdminSite):
    """The console: knowledge-base curation and user administration, never patient content."""

    site_header = "VoiceAssist console"
    site_title = "VoiceAssist console"
    index_title = "Console"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in active users whose role has work here."""
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Order the screens by what they are for, which is not always the app that holds the rows."""
        apps: list[Any] = super().get_app_list(request, app_label)
        by_label = {app["app_label"]: app for app in apps}
        people, system = by_label.get("accounts"), by_label.get("core")
        if people and system:
            flags = [
                {**model, "name": "Feature flags"}
                for model in people["models"]
                if model["object_name"] == "FeatureFlag"
            ]
            people["models"] = [model for model in people["models"] if model["object_name"] != "FeatureFlag"]
            system["models"] = sorted([*system["models"], *flags], key=_place)
        return apps

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take screens of our own models only: those that libraries bring show secrets, or tables that nobody uses."""
        models: Iterable[type[Model]] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        )
        ours = [model for model in models if model.__module__.partition(".")[0] in OURS]
        super().register(ours, admin_class, **options)


def _place(model: dict[str, Any]) -> int:
    names = ["SystemSetting", "FeatureFlag", "SettingChange"]
    return names.index(model["object_name"]) if model["object_name"] in names else len(names)
