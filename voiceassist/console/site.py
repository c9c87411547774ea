from __future__ import annotations

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite


class ConsoleSite(UnfoldAdminSite):
    """The console: knowledge-base curation and user administration, never patient content."""

    site_header = "VoiceAssist console"
    site_title = "VoiceAssist console"
    index_title = "Console"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in active users whose role has work here."""
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))
