"""What happens to a browser's sign-in while it lasts."""

from __future__ import annotations

from datetime import datetime, timedelta

from voiceassist.accounts.models import SignIn

LONGER_THAN_ANY_LIMIT = timedelta(days=1)  # an idle limit is four hours at most


def lock(*, sign_in: SignIn, now: datetime) -> None:
    """Lock a browser at once: from now on it counts as left alone, for pages, API and sockets alike."""
    sign_in.last_seen_at = now - LONGER_THAN_ANY_LIMIT
    sign_in.save(update_fields=["last_seen_at"])


def note_second_factor(*, sign_in: SignIn, given: bool) -> None:
    """Note that a second factor was given in this sign-in, or that it was removed and must be set up anew."""
    sign_in.second_factor = given
    sign_in.save(update_fields=["second_factor"])
