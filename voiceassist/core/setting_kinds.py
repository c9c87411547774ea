"""What a system setting may hold."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST_ITEMS = 200
LONGEST_TEXT = 500


class Kind(StrEnum):
    SWITCH = "bool"
    WHOLE_NUMBER = "int"
    CHOICE = "choice"
    TEXT = "text"
    TEXT_LIST = "list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One system setting: its name, what it may hold, and what it is for.

    `choices` maps each value of a choice, or each possible item of a list, to the words shown for it; `normal` brings
    a text, or an item of a list, into the form that is stored, or raises ValueError with a message for the user.
    """

    key: str
    title: str
    help_text: str
    group: str
    kind: Kind
    default: Any
    unit: str = ""
    least: int = 0
    most: int = 0
    choices: dict[str, str] | None = None
    normal: Callable[[str], str] = str.strip

    def own_default(self) -> Any:
        """Return the default, in a copy that the caller may change."""
        return deepcopy(self.default)

    def checked(self, value: Any) -> Any:
        """Return the value in the form that is stored. Raises ValueError with a message for the user."""
        return _CHECKS[self.kind](self, value)


def _switch(_setting: Setting, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("This must be true or false.")  # noqa: TRY004 (one kind of error for every wrong value)
    return value


def _whole_number(setting: Setting, value: Any) -> int:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number or not setting.least <= value <= setting.most:
        raise ValueError(f"Give a whole number from {setting.least} to {setting.most}.")
    return int(value)


def _text(setting: Setting, value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ValueError(f"This must be text of at most {LONGEST_TEXT} characters.")
    return setting.normal(value)


def _choice(setting: Setting, value: Any) -> str:
    choices = setting.choices or {}
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"Choose one of: {', '.join(choices)}.")
    return value


def _text_list(setting: Setting, value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise ValueError(f"This must be a list of at most {MOST_ITEMS} texts.")
    check = _text if setting.choices is None else _choice
    return list(dict.fromkeys(check(setting, item) for item in value))


_CHECKS: dict[Kind, Callable[[Setting, Any], Any]] = {
    Kind.SWITCH: _switch,
    Kind.WHOLE_NUMBER: _whole_number,
    Kind.CHOICE: _choice,
    Kind.TEXT: _text,
    Kind.TEXT_LIST: _text_list,
}
