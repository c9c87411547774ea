"""The list of revoked token ids in Redis. Entries expire with their token.

It is the finer of two levels. The coarser, "all tokens of this user" and "this sign-in", is read from PostgreSQL with
the user, so the list may fail open: when Redis is down it is logged, counted and shown by `/health/ready`.
"""

from __future__ import annotations

import math

from django.core.cache import cache

from voiceassist.accounts.tokens import Token


def revoke(token: Token, *, now: float) -> None:
    """Put one token on the list for the rest of its life."""
    if (left := math.ceil(token.expires_at - now)) > 0:
        cache.set(_key(token), 1, timeout=left)


def is_revoked(token: Token) -> bool:
    """Tell whether one token is on the list; False when Redis does not answer."""
    return cache.get(_key(token)) is not None


def _key(token: Token) -> str:
    return f"revoked:{token.id}"
