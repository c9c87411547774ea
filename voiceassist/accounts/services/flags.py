"""Features that are on for some, and who switched them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction

from voiceassist.accounts.models import FeatureFlag, Role, User
from voiceassist.core import setting_history
from voiceassist.core.errors import Conflict, NotFound, NotValid
from voiceassist.core.models import SettingArea
from voiceassist.core.shared_value import SharedValue

NAME = re.compile(r"[a-z][a-z0-9_.-]{0,99}")
MOST_PERCENT = Decimal("99.9")
LONGEST_NOTE = 500  # characters
FIELDS = ("everyone", "percent", "roles", "note")


class FlagNotFound(NotFound):
    user_message = "There is no such feature flag."


class FlagExists(Conflict):
    field = "name"
    user_message = "There is a feature flag of this name already."


def is_on(flag_name: str, *, user: Any) -> bool:
    """Tell whether a feature is on for a user; one that nobody made is off."""
    flag = _shared.get().get(flag_name)
    return flag is not None and _rebuilt(flag_name, flag).is_active_for_user(user)


def all_on(*, user: Any) -> list[str]:
    """Return the names of the features that are on for a user."""
    return [name for name, flag in _shared.get().items() if _rebuilt(name, flag).is_active_for_user(user)]


def get_flag(name: str) -> FeatureFlag:
    """Return a flag. Raises FlagNotFound."""
    return _found(FeatureFlag.objects.filter(name=name).first())


def all_flags() -> list[FeatureFlag]:
    """Return every flag, by name."""
    return list(FeatureFlag.objects.order_by("name"))


def create_flag(*, name: str, values: Mapping[str, Any], by: User) -> FeatureFlag:
    """Make a flag; what is not given is off. Raises NotValid with messages by field, FlagExists."""
    if not NAME.fullmatch(name):
        message = "Use lower-case letters, digits, dots, dashes and underscores; begin with a letter."
        raise NotValid(field="name", details={"name": [message]})
    flag = FeatureFlag(name=name, **_checked(values))
    try:
        with transaction.atomic():
            _shared.will_change()
            flag.save(force_insert=True)
            _record(name, before=None, after=state_of(flag), by=by)
    except IntegrityError as error:
        raise FlagExists from error
    return flag


@transaction.atomic
def change_flag(*, name: str, values: Mapping[str, Any], by: User) -> FeatureFlag:
    """Change the given fields of a flag, all or none. Raises NotValid with messages by field, FlagNotFound."""
    wanted = _checked(values)
    flag = _locked(name)
    before = state_of(flag)
    for field, value in wanted.items():
        setattr(flag, field, value)
    after = state_of(flag)
    if before != after:
        _shared.will_change()
        flag.save(update_fields=[*wanted, "modified"])
        _record(name, before=before, after=after, by=by)
    return flag


@transaction.atomic
def delete_flag(*, name: str, by: User) -> None:
    """Take a flag away, which switches the feature off. Raises FlagNotFound."""
    flag = _locked(name)
    _shared.will_change()
    _record(name, before=state_of(flag), after=None, by=by)
    flag.delete()


def state_of(flag: FeatureFlag) -> dict[str, Any]:
    """Return what the flag says, as JSON takes it."""
    return {
        "everyone": flag.everyone,
        "percent": None if flag.percent is None else float(flag.percent),
        "roles": list(flag.roles),
        "note": flag.note,
    }


def _found(flag: FeatureFlag | None) -> FeatureFlag:
    if flag is None:
        raise FlagNotFound
    return flag


def _locked(name: str) -> FeatureFlag:
    return _found(FeatureFlag.objects.select_for_update().filter(name=name).first())


def _record(name: str, *, before: Any, after: Any, by: User) -> None:
    setting_history.record(area=SettingArea.FLAG, key=name, before=before, after=after, by_id=by.pk)


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for field, value in values.items():
        try:
            wanted[field] = _CHECKS[field](value)
        except KeyError:
            wrong[field] = ["A feature flag has no such field."]
        except ValueError as error:
            wrong[field] = [str(error)]
    if wrong:
        raise NotValid(field=next(iter(wrong)), details=wrong)
    return wanted


def _everyone(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise ValueError("This must be true, false or null.")
    return value


def _percent(value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal(-1)
    in_tenths = number.is_finite() and number == round(number, 1)
    if isinstance(value, bool) or not in_tenths or not 0 <= number <= MOST_PERCENT:
        raise ValueError(
            f"Give a number from 0 to {MOST_PERCENT}, with one decimal at most. For all, set “everyone” instead."
        )
    return number


def _roles(value: Any) -> list[str]:
    if not isinstance(value, list) or not set(map(str, value)) <= set(Role.values):
        raise ValueError(f"Give a list of roles: {', '.join(Role.values)}.")
    return [role for role in Role.values if role in value]


def _note(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value or len(value) > LONGEST_NOTE:
        raise ValueError(f"This must be text of at most {LONGEST_NOTE} characters.")
    return value.strip()


_CHECKS = {"everyone": _everyone, "percent": _percent, "roles": _roles, "note": _note}


def _load() -> dict[str, dict[str, Any]]:
    return {flag.name: state_of(flag) for flag in all_flags()}


def _rebuilt(name: str, state: Mapping[str, Any]) -> FeatureFlag:
    return FeatureFlag(name=name, **state)


_shared = SharedValue("feature_flags", _load)
