"""What is checked of the settings before commands run, by `check --deploy`, and by `up` before others can reach it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from voiceassist.runtime.loopback import is_loopback_host

CONSOLE = "django.core.mail.backends.console.EmailBackend"


def check_mail(**_: Any) -> list[checks.CheckMessage]:
    """Warn of mails whose links lead nowhere, or that end in a log, once others than this machine use the server."""
    if is_loopback_host(settings.HOST) and not settings.HTTPS:
        return []
    found: list[checks.CheckMessage] = []
    if not settings.PUBLIC_URL_GIVEN:
        hint = "Set it to the address under which people reach the server, such as https://va.clinic.example."
        message = f"PUBLIC_URL is not set: links in mails would begin with {settings.PUBLIC_URL}."
        found.append(checks.Warning(message, hint=hint, id="accounts.W001"))
    elif settings.HTTPS and not settings.PUBLIC_URL.startswith("https://"):
        message = "PUBLIC_URL must begin with https:// where HTTPS is true."
        found.append(checks.Warning(message, hint="Links in mails hold secrets.", id="accounts.W002"))
    if settings.EMAIL_BACKEND == CONSOLE:
        message = "EMAIL_URL is not set: mails are printed to the log, with links that set passwords, and reach nobody."
        hint = "Set it to your mail server, such as smtp+tls://user:password@host:587."
        found.append(checks.Warning(message, hint=hint, id="accounts.W003"))
    return found
