"""Who may send much: a long body is taken only from somebody who looks signed in, before anything else is known."""

from __future__ import annotations

from importlib import import_module

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError

from voiceassist.accounts.tokens import TokenUse, decode
from voiceassist.core.errors import DomainError


async def looks_signed_in(*, session_key: str, bearer: str) -> bool:
    """Tell whether there is such a browser session, or the access token is of ours and did not expire.

    Whether either was revoked is asked later, where it is used.
    """
    if bearer and _is_access_token(bearer):
        return True
    return bool(session_key) and await database_sync_to_async(_is_session_of_somebody)(session_key)


def _is_access_token(text: str) -> bool:
    try:
        decode(text, TokenUse.ACCESS)
    except DomainError:
        return False
    return True


def _is_session_of_somebody(key: str) -> bool:
    try:
        return SESSION_KEY in import_module(settings.SESSION_ENGINE).SessionStore(key)
    except DatabaseError:
        return False
