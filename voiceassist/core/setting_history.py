"""Who changed which system setting or feature flag, and when."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet

from voiceassist.core.models import SettingArea, SettingChange


def record(*, area: SettingArea, key: str, before: Any, after: Any, by_id: uuid.UUID | None) -> None:
    """Add a line, in the transaction of the change itself. None stands for "was not there"."""
    SettingChange.objects.create(area=area, key=key, before=before, after=after, by_id=by_id)


def changes(*, area: SettingArea, key: str) -> QuerySet[SettingChange]:
    """Return the changes of one setting or flag, the newest first."""
    return SettingChange.objects.filter(area=area, key=key)
