"""What happens to a browser's sign-in while it lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

from voiceassist.accounts import access
from voiceassist.accounts.events import publish_ended
from voiceassist.accounts.models import SignIn

LONGER_THAN_ANY_LIMIT = timedelta(days=1)  # an idle limit is four hours at most


def lock(*, sign_in: SignIn, now: datetime) -> None:
    """Lock a browser at once: from now on it counts as left alone, for pages, API and sockets alike."""
    sign_in.last_seen_at = now - LONGER_THAN_ANY_LIMIT
    sign_in.save(update_fields=["last_seen_at"])
    publish_ended(user_id=sign_in.user_id, sign_in_ids=[sign_in.pk])  # for its sockets, the lock is an end


def locked_since(*, sign_in: SignIn, now: datetime) -> datetime | None:
    """Return when a browser was locked, None if it is not.

    What was left alone longer than any limit was locked at once; if it was left alone so long, then the time is too
    late, which is the safe side.
    """
    if not access.is_idle(sign_in, now=now):
        return None
    alone = now - sign_in.last_seen_at
    limit = access.idle_limit(sign_in.user) if alone < LONGER_THAN_ANY_LIMIT else LONGER_THAN_ANY_LIMIT
    return sign_in.last_seen_at + limit


def note_second_factor(*, sign_in: SignIn, given: bool) -> None:
    """Note that a second factor was given in this sign-in, or that it was removed and must be set up anew."""
    sign_in.second_factor = given
    sign_in.save(update_fields=["second_factor"])
