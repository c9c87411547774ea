"""The browser's end of a sign-in: what stands in its session, and the row that goes with it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.utils import timezone

from voiceassist.accounts.client import Client
from voiceassist.accounts.models import EndReason, SignIn, User
from voiceassist.accounts.services import sign_ins
from voiceassist.core import system_settings

SIGN_IN = "sign_in"
SECOND_FACTOR = "second_factor_given"


def sign_in_id(session: Any) -> uuid.UUID | None:
    """Return the id of the session's sign-in; None for a session in which nobody signed in."""
    given = session.get(SIGN_IN)
    return uuid.UUID(given) if given else None


def note_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    """Write a sign-in down, however it came about: form, second factor, single sign-on, console."""
    now = timezone.now()
    life = timedelta(hours=system_settings.get("browser_session_hours"))
    request.session.set_expiry(life)
    sign_in = sign_ins.note_browser(
        user=user,
        session_key=request.session.session_key or "",
        client=Client.of(request),
        second_factor=bool(request.session.pop(SECOND_FACTOR, False)),
        now=now,
        expires_at=now + life,
    )
    request.session[SIGN_IN] = str(sign_in.pk)


def note_sign_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    """End the sign-in of a session that is about to be emptied."""
    given = sign_in_id(request.session)
    if user is not None and given is not None:
        sign_ins.end(sign_in=SignIn(pk=given, user_id=user.pk), reason=EndReason.SIGNED_OUT, now=timezone.now())


def connect_signals() -> None:
    """Listen to Django's two signals: nothing else sees every way in and out, the libraries' included."""
    user_logged_in.connect(note_sign_in, dispatch_uid="accounts.note_sign_in")
    user_logged_out.connect(note_sign_out, dispatch_uid="accounts.note_sign_out")
