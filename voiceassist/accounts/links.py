"""Signed tokens in the links of e-mails. They hold an id, expire, and nothing secret is stored for them."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core import signing

VERIFY_LIFE = timedelta(days=3)
_VERIFY, _INVITE = "voiceassist.accounts.verify-email", "voiceassist.accounts.invitation"


def verification_token(*, user_id: uuid.UUID, email: str) -> str:
    """Return the token that proves that an address can be read."""
    return signing.dumps([str(user_id), email], salt=_VERIFY)


def read_verification_token(token: str) -> tuple[uuid.UUID, str] | None:
    """Return user id and address, None for a token that is wrong or too old."""
    try:
        user_id, email = signing.loads(token, salt=_VERIFY, max_age=VERIFY_LIFE)
        return uuid.UUID(user_id), str(email)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def invitation_token(invitation_id: uuid.UUID) -> str:
    """Return the token of an invitation; the row decides whether it still counts."""
    return signing.dumps(str(invitation_id), salt=_INVITE)


def read_invitation_token(token: str) -> uuid.UUID | None:
    """Return the invitation's id, None for a wrong token."""
    try:
        return uuid.UUID(signing.loads(token, salt=_INVITE))
    except (signing.BadSignature, ValueError, TypeError):
        return None
