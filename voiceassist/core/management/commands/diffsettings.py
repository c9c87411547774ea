from __future__ import annotations

from typing import Any

from django.core.management.commands import diffsettings

from voiceassist.core.error_report import without_secrets


class Command(diffsettings.Command):
    """Django's command, with secrets struck out: what it prints ends up in tickets."""

    def handle(self, **options: Any) -> str:
        return without_secrets(super().handle(**options))
