"""Django's error pages and mails without secrets, with DEBUG too: settings, addresses and variables may hold them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

STARS = "********************"
SHORTEST = 6  # characters; what is shorter is no secret, and would be struck out of ordinary words
_NAMES = re.compile(r"(KEYS?|SECRET|TOKEN|PASSWORD|DSN|CREDENTIALS)$", re.IGNORECASE)


class AlwaysFilter(SafeExceptionReporterFilter):
    """Hides what is marked as sensitive whether DEBUG is on or not."""

    def is_active(self, request: HttpRequest | None) -> bool:  # noqa: ARG002 (Django's signature)
        """Return True."""
        return True


class DiscreetReporter(ExceptionReporter):
    """Strikes the values of secrets out of the whole report, wherever they stand."""

    def get_traceback_html(self) -> SafeString:
        """Return the page without secrets."""
        return SafeString(without_secrets(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        """Return the text without secrets."""
        return SafeString(without_secrets(super().get_traceback_text()))


def without_secrets(text: str) -> str:
    """Strike out every value that the settings keep secret, as it is, quoted by Python, escaped for HTML, or both."""
    values = sorted(secret_values(), key=len, reverse=True)
    return re.sub("|".join(map(_however_written, values)), STARS, text) if values else text


def _however_written(value: str) -> str:
    """Return a pattern; a quoted value that is quoted again collects backslashes."""
    return "".join(
        sign if sign.isalnum() else rf"\\*(?:{re.escape(sign)}|{re.escape(html.escape(sign))})" for sign in value
    )


def secret_values() -> set[str]:
    """Return the values of settings that are named like secrets, and the passwords in addresses."""
    named = ((name, getattr(settings, name)) for name in dir(settings) if name.isupper())
    found = {value for name, setting in named for value in _secrets_in(setting, is_secret=_is_secret(name))}
    return {value for value in found if len(value) >= SHORTEST}


def _secrets_in(value: Any, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _secrets_in(inner, is_secret=is_secret or _is_secret(str(name)))
    elif isinstance(value, list | tuple | set):
        for inner in value:
            yield from _secrets_in(inner, is_secret=is_secret)
    elif isinstance(value, str):
        yield from [value] if is_secret else _passwords_in(value)


def _passwords_in(text: str) -> Iterator[str]:
    try:
        password = urlsplit(text).password if "://" in text else None
    except ValueError:
        return
    if password:
        yield from (password, unquote(password))


def _is_secret(name: str) -> bool:
    return bool(_NAMES.search(name))
