"""What is known of a person beside their role: name, profession, department, employee number, telephone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from voiceassist.accounts.models import User
from voiceassist.accounts.names import checked_name, single_line
from voiceassist.core.errors import Conflict, NotValid

CHANGEABLE = frozenset({"name", "professional_role", "department", "employee_id", "phone_number"})
LONGEST = {"employee_id": 64, "phone_number": 40}  # characters; the others' columns say it themselves
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{1,}(?: ?(?:x|ext\.?|#) ?[0-9]{1,8})?", re.IGNORECASE)


class EmployeeIdTaken(Conflict):
    field = "employee_id"
    user_message = "Somebody else has this employee number already. Nothing was changed."


def valid_name(name: str) -> str:
    """Return a name in the form it is stored in, however it came to us. Raises NotValid."""
    try:
        return checked_name(name)
    except ValueError as error:
        raise NotValid(str(error), field="name") from None


def change_profile(*, user: User, values: Mapping[str, str]) -> None:
    """Change the given parts of a profile, all or none; what cannot be changed may be given as it is.

    Raises NotValid with messages by field, EmployeeIdTaken.
    """
    wanted = _checked(user, values)
    for name, value in wanted.items():
        setattr(user, name, value)
    try:
        with transaction.atomic():
            user.save(update_fields=wanted)
    except IntegrityError as error:  # of these columns only the number's blind index is unique
        raise EmployeeIdTaken from error


def _checked(user: User, values: Mapping[str, str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    wrong: dict[str, list[str]] = {}
    for name, value in values.items():
        try:
            if name in CHANGEABLE:
                wanted[name] = _checked_value(name, value)
            elif getattr(user, name) != value:
                raise ValueError("This cannot be changed here.")  # noqa: TRY301 (gathered with the others)
        except ValidationError as error:
            wrong[name] = error.messages
        except ValueError as error:
            wrong[name] = [str(error)]
    if wrong:
        raise NotValid(field=next(iter(wrong)), details=wrong)
    return wanted


def _checked_value(name: str, value: str) -> str:
    text = checked_name(value) if name == "name" else single_line(value)
    if len(text) > LONGEST.get(name, len(text)):
        raise ValueError(f"This may have at most {LONGEST[name]} characters.")
    if name == "phone_number" and text and not _PHONE.fullmatch(text):
        raise ValueError("Give a telephone number, such as +49 30 1234567 or 1234567 ext. 12.")
    column: Any = User._meta.get_field(name)  # noqa: SLF001 (Django's documented API)
    return str(column.clean(text, None))
