"""What an administrator may set for the whole system while it runs: the registry, the values and their changes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, overload

import structlog
from django.db import connection, transaction

from voiceassist.core import setting_history
from voiceassist.core.errors import NotFound, NotValid
from voiceassist.core.mail_domains import normal_domain
from voiceassist.core.models import SettingArea, SystemSetting
from voiceassist.core.setting_kinds import Kind, Setting
from voiceassist.core.shared_value import SharedValue

logger = structlog.get_logger(__name__)

ROLES = {  # of accounts, which stand above this app; a test holds them together
    "clinician": "Clinicians",
    "curator": "Curators",
    "auditor": "Auditors",
    "administrator": "Administrators",
}


def _rate(key: str, title: str, default: int) -> Setting:
    return Setting(
        key=key,
        title=title,
        help_text="How many one person may make in a minute. What is over the limit is refused and may be tried again.",
        group="Rate limits",
        kind=Kind.WHOLE_NUMBER,
        default=default,
        least=1,
        most=10_000,
        unit="a minute",
    )


_ALL = [
    Setting(
        key="registration_mode",
        title="Who may register",
        help_text="A new account has no role, and so opens nothing, until an administrator grants one.",
        group="Registration",
        kind=Kind.CHOICE,
        default="invitation",
        choices={
            "invitation": "By invitation",
            "listed_domains": "By invitation or listed mail domain",
            "open": "Anybody",
        },
    ),
    Setting(
        key="registration_domains",
        title="Listed mail domains",
        help_text="One to a line, such as clinic.example; subdomains are listed by themselves. "
        "Without any, “listed mail domain” means by invitation only.",
        group="Registration",
        kind=Kind.TEXT_LIST,
        default=[],
        normal=normal_domain,
    ),
    Setting(
        key="invitation_days",
        title="An invitation is good for",
        help_text="Changing this does not change invitations that were sent already.",
        group="Registration",
        kind=Kind.WHOLE_NUMBER,
        default=7,
        least=1,
        most=30,
        unit="days",
    ),
    Setting(
        key="idle_lock_minutes",
        title="A browser locks after",
        help_text="Without anybody touching it. People may choose a shorter time for themselves, never a longer one.",
        group="Signing in",
        kind=Kind.WHOLE_NUMBER,
        default=15,
        least=1,
        most=240,
        unit="minutes",
    ),
    Setting(
        key="browser_session_hours",
        title="A browser is signed out after",
        help_text="However busy it is. Changing this does not change browsers that are signed in already.",
        group="Signing in",
        kind=Kind.WHOLE_NUMBER,
        default=12,
        least=1,
        most=168,
        unit="hours",
    ),
    Setting(
        key="second_factor_roles",
        title="Second factor needed by",
        help_text="Whoever has such a role and no second factor yet must set one up at the next sign-in.",
        group="Signing in",
        kind=Kind.TEXT_LIST,
        default=[],
        choices=ROLES,
    ),
    Setting(
        key="lockout_threshold",
        title="Wrong passwords before a lock",
        help_text="In a row, for one address.",
        group="Signing in",
        kind=Kind.WHOLE_NUMBER,
        default=5,
        least=3,
        most=20,
        unit="attempts",
    ),
    Setting(
        key="lockout_minutes",
        title="Longest lock",
        help_text="After wrong passwords: the first lock is shorter, each further attempt makes it longer, up to this.",
        group="Signing in",
        kind=Kind.WHOLE_NUMBER,
        default=15,
        least=1,
        most=60,
        unit="minutes",
    ),
    _rate("chat_per_minute", "Questions", 30),
    _rate("search_per_minute", "Searches", 60),
    _rate("upload_per_minute", "Uploads", 30),
    _rate("voice_per_minute", "Voice requests", 60),
]
REGISTRY: Mapping[str, Setting] = {setting.key: setting for setting in _ALL}

NumberKey = Literal[
    "invitation_days",
    "idle_lock_minutes",
    "browser_session_hours",
    "lockout_threshold",
    "lockout_minutes",
    "chat_per_minute",
    "search_per_minute",
    "upload_per_minute",
    "voice_per_minute",
]
TextKey = Literal["registration_mode"]
ListKey = Literal["registration_domains", "second_factor_roles"]


class SettingNotFound(NotFound):
    user_message = "There is no such setting."


@dataclass(frozen=True, slots=True)
class SettingState:
    """A setting, its value, and who set it when; without either it stands at its default."""

    setting: Setting
    value: Any
    is_set: bool
    changed_at: datetime | None
    changed_by_id: uuid.UUID | None


@overload
def get(key: NumberKey) -> int: ...
@overload
def get(key: TextKey) -> str: ...
@overload
def get(key: ListKey) -> list[str]: ...
def get(key: str) -> Any:
    """Return the value that is in force. Raises SettingNotFound, and what the database raises when it is down.

    Outside a transaction this costs one look into the shared cache. Code under an event loop calls it in a thread.
    """
    setting = find(key)
    return _in_force(setting, _stored.get())


def find(key: str) -> Setting:
    """Return what is declared under a key. Raises SettingNotFound."""
    if key not in REGISTRY:
        raise SettingNotFound
    return REGISTRY[key]


def states() -> list[SettingState]:
    """Return every setting as it stands in the database, in the order of the registry."""
    rows = {row.key: row for row in SystemSetting.objects.all()}
    return [_state(setting, rows.get(setting.key)) for setting in REGISTRY.values()]


@transaction.atomic
def set_values(values: Mapping[str, Any], *, by_id: uuid.UUID | None) -> list[str]:
    """Change the given settings, all or none; None puts one back to its default. Return the keys that changed.

    Raises NotValid with messages by key.
    """
    wanted = _checked(values)
    _wait_for_other_changes()
    rows = {row.key: row for row in SystemSetting.objects.filter(key__in=wanted)}
    stored = {key: row.value for key, row in rows.items()}
    before = {key: _in_force(REGISTRY[key], stored) for key in wanted}
    changed = [key for key, value in wanted.items() if before[key] != value]
    if changed:
        _stored.will_change()
    for key in changed:
        _write(key, None if values[key] is None else wanted[key], by_id=by_id)
        setting_history.record(area=SettingArea.SETTING, key=key, before=before[key], after=wanted[key], by_id=by_id)
    return changed


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for key, value in values.items():
        try:
            setting = find(key)
            wanted[key] = setting.own_default() if value is None else setting.checked(value)
        except SettingNotFound as error:
            wrong[key] = [error.user_message]
        except ValueError as error:
            wrong[key] = [str(error)]
    if wrong:
        raise NotValid(field=next(iter(wrong)), details=wrong)
    return wanted


def _write(key: str, value: Any, *, by_id: uuid.UUID | None) -> None:
    if value is None:
        SystemSetting.objects.filter(key=key).delete()
    else:
        SystemSetting.objects.update_or_create(key=key, defaults={"value": value, "updated_by_id": by_id})


def _wait_for_other_changes() -> None:
    """Let one change of settings happen at a time, so that `before` in the history is true; until commit."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('core.system_settings'))")


def _load() -> dict[str, Any]:
    """Read what was set; say in the log what an earlier version left behind and this one does not understand."""
    stored = dict(SystemSetting.objects.values_list("key", "value"))
    for key in _not_understood(stored):
        logger.warning("system_setting_not_valid", key=key)
    return stored


def _not_understood(stored: Mapping[str, Any]) -> Iterable[str]:
    for key, value in stored.items():
        try:
            REGISTRY[key].checked(value)
        except (KeyError, ValueError):
            yield key


def _in_force(setting: Setting, stored: Mapping[str, Any]) -> Any:
    """Return the stored value while it is valid, else the default."""
    if setting.key not in stored:
        return setting.own_default()
    try:
        return setting.checked(stored[setting.key])
    except ValueError:
        return setting.own_default()


def _state(setting: Setting, row: SystemSetting | None) -> SettingState:
    if row is None:
        return SettingState(setting, setting.own_default(), is_set=False, changed_at=None, changed_by_id=None)
    value = _in_force(setting, {row.key: row.value})
    return SettingState(setting, value, is_set=True, changed_at=row.updated_at, changed_by_id=row.updated_by_id)


_stored = SharedValue("system_settings", _load)
