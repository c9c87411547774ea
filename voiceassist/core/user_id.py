"""Who a log line is about, without asking the database."""

from __future__ import annotations

from django.utils.functional import LazyObject, empty


def user_id_of(user: object) -> str | None:
    """Return the id of a user who is known already; to load one now may fail with the database."""
    if isinstance(user, LazyObject) and vars(user).get("_wrapped", empty) is empty:
        return None
    key = getattr(user, "pk", None)
    return str(key) if key else None
