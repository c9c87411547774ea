"""What users choose for themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction

from voiceassist.accounts.models import User, UserSettings
from voiceassist.core import system_settings
from voiceassist.core.errors import NotValid

VOICES = ("alloy", "echo", "fable", "onyx", "nova", "shimmer")
CHANGEABLE = frozenset(
    {
        "theme",
        "citation_style",
        "time_zone",
        "language",
        "voice",
        "speech_rate",
        "idle_lock_minutes",
        "email_notifications",
    }
)
_LANGUAGE = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?", re.IGNORECASE
)
_NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})  # files beside the zones


def preferences_of(user: User) -> UserSettings:
    """Return what the user chose, or the defaults; nothing is written."""
    return UserSettings.objects.filter(user=user).first() or UserSettings(user=user)


@transaction.atomic
def change_preferences(*, user: User, values: Mapping[str, Any]) -> UserSettings:
    """Change the given preferences, all or none. Raises NotValid with messages by field."""
    wanted = _checked(values)
    preferences, _ = UserSettings.objects.update_or_create(user=user, defaults=wanted)
    return preferences


def begin_with_time_zone(*, user: User, time_zone: str) -> None:
    """Take over the browser's time zone for somebody who chose nothing yet; one that is not known is left out."""
    if time_zone in time_zones() and not UserSettings.objects.filter(user=user).exists():
        change_preferences(user=user, values={"time_zone": time_zone})


def language_tag(text: str) -> str:
    """Return a tag of language, script and region as RFC 5646 writes it: `zh-Hant-TW`. Raises ValueError."""
    found = _LANGUAGE.fullmatch(text.strip())
    if found is None:
        raise ValueError("Give a language tag, such as en or de-AT.")
    parts = [found["language"].lower(), (found["script"] or "").title(), (found["region"] or "").upper()]
    return "-".join(filter(None, parts))


@cache
def time_zones() -> tuple[str, ...]:
    """Return the names of the IANA time zones that this machine knows, in order."""
    return tuple(sorted(available_timezones() - _NO_PLACES))


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for name, value in values.items():
        try:
            wanted[name] = _checked_value(name, value)
        except ValidationError as error:
            wrong[name] = error.messages
        except ValueError as error:
            wrong[name] = [str(error)]
    if wrong:
        raise NotValid(field=next(iter(wrong)), details=wrong)
    return wanted


def _checked_value(name: str, value: Any) -> Any:
    """Check by our own rule, then by the column's. Raises ValueError, ValidationError."""
    if name not in CHANGEABLE:
        raise ValueError("There is no such preference.")
    if rule := _RULES.get(name):
        value = rule(value)
    column: Any = UserSettings._meta.get_field(name)  # noqa: SLF001 (Django's documented API)
    return column.clean(value, None)


def _time_zone(value: Any) -> Any:
    if value not in time_zones():
        raise ValueError("Give an IANA time zone, such as Europe/Berlin.")
    return value


def _voice(value: Any) -> Any:
    if value not in VOICES:
        raise ValueError(f"Choose one of: {', '.join(VOICES)}.")
    return value


def _idle_lock(value: Any) -> Any:
    limit = system_settings.get("idle_lock_minutes")
    if isinstance(value, int) and value > limit:
        raise ValueError(f"Your system locks after {limit} minutes at the latest. Choose {limit} or less.")
    return value


_RULES: dict[str, Callable[[Any], Any]] = {
    "time_zone": _time_zone,
    "language": lambda value: language_tag(str(value)),
    "voice": _voice,
    "idle_lock_minutes": _idle_lock,
}
