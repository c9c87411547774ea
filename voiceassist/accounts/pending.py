"""A browser between the two factors: the first was given, the second is still asked for. Nobody is signed in yet."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib.auth import login, logout
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from voiceassist.accounts import access
from voiceassist.accounts.backends import may_be_used_by
from voiceassist.accounts.browser import SECOND_FACTOR
from voiceassist.accounts.models import User
from voiceassist.core.errors import Unauthorized

LIFE = timedelta(minutes=5)
PENDING = "pending_sign_in"


class NothingPending(Unauthorized):
    user_message = "The second factor was not given within five minutes. Sign in again."


def begin(request: HttpRequest, user: User, next_url: str) -> None:
    """Remember who gave the first factor, and where they were going; whoever was signed in here is signed out.

    `next_url` must have been checked to be our own.
    """
    if request.user.is_authenticated:
        logout(request)
    else:
        request.session.cycle_key()
    request.session[PENDING] = {
        "user": str(user.pk),
        "at": timezone.now().timestamp(),
        "bound": user.get_session_auth_hash(),
        "next": next_url,
    }


def user_of(request: HttpRequest) -> User | None:
    """Return who is between the factors; None after five minutes, or once password or access were changed meanwhile."""
    given = request.session.get(PENDING)
    if given is None or request.user.is_authenticated:
        return None
    if timezone.now().timestamp() - given["at"] > LIFE.total_seconds():
        return None
    try:
        user = access.get_user(user_id=uuid.UUID(given["user"]))
    except access.UserNotFound:
        return None
    is_same = constant_time_compare(given["bound"], user.get_session_auth_hash())
    return user if is_same and user.is_active and may_be_used_by(user, request) else None


def finish(request: HttpRequest) -> str:
    """Sign in who gave the second factor too; return where they were going. Raises NothingPending."""
    user = user_of(request)
    given = request.session.pop(PENDING, None)
    if user is None or given is None:
        raise NothingPending
    request.session[SECOND_FACTOR] = True  # for the row that is written when Django's `login` says so
    login(request, user)
    next_url: str = given["next"]
    return next_url


def forget(request: HttpRequest) -> None:
    """Begin anew."""
    request.session.pop(PENDING, None)
