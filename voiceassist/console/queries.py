"""Reads for the console's screens."""

from __future__ import annotations

from django.db.models import CharField, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from voiceassist.accounts.models import User
from voiceassist.core.models import SettingChange


def with_names(changes: QuerySet[SettingChange]) -> QuerySet[SettingChange]:
    """Add `by_name`: who made the change, None when nobody did or the user is gone."""
    shown = Coalesce(NullIf(F("name"), Value("")), F("email"), output_field=CharField())
    who = User.objects.filter(pk=OuterRef("by_id")).annotate(shown=shown).values("shown")
    return changes.annotate(by_name=Subquery(who))
