"""A sign-in half way through: the password was right, the second factor is still asked for. Nobody is signed in yet."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from voiceassist.accounts.access import UserNotFound, get_user
from voiceassist.accounts.backends import may_be_used_by
from voiceassist.accounts.models import User

LIFE = timedelta(minutes=5)
_KEY = "pending_sign_in"


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """What stands in the session meanwhile; `bound_to` changes with the password, `next` may be ""."""

    user_id: str
    bound_to: str
    began: float  # seconds since 1970
    next: str
    time_zone: str


def begin(request: HttpRequest, *, user: User, next_url: str, time_zone: str, now: datetime) -> None:
    """Remember whose password was right, under a new session key."""
    request.session.cycle_key()
    pending = PendingSignIn(str(user.pk), user.get_session_auth_hash(), now.timestamp(), next_url, time_zone)
    request.session[_KEY] = asdict(pending)


def read(request: HttpRequest, *, now: datetime) -> tuple[User, PendingSignIn] | None:
    """Return who is half way in; None once it took too long, or the account changed meanwhile."""
    given = request.session.get(_KEY)
    if given is None:
        return None
    pending = PendingSignIn(**given)
    if now.timestamp() - pending.began > LIFE.total_seconds():
        return None
    try:
        user = get_user(user_id=uuid.UUID(pending.user_id))
    except UserNotFound:
        return None
    is_same = constant_time_compare(pending.bound_to, user.get_session_auth_hash())
    return (user, pending) if is_same and user.is_active and may_be_used_by(user, request) else None


def end(request: HttpRequest) -> bool:
    """Forget it; tell whether there was one."""
    return request.session.pop(_KEY, None) is not None
