"""Conversations as a whole."""

from __future__ import annotations

from conversations.access import check_can_chat
from conversations.models import Conversation
from voiceassist.accounts.models import User

TITLE_LIMIT = 60  # characters


def create_conversation(*, by: User) -> Conversation:
    """Start an empty conversation. Raises Forbidden for a user without a role."""
    check_can_chat(by)
    return Conversation.objects.create(owner=by)


def title_from(question: str) -> str:
    """Return the question on one line, cut at a word to at most 60 characters."""
    line = " ".join(question.split())
    if len(line) <= TITLE_LIMIT:
        return line
    head = line[:TITLE_LIMIT]
    return (head.rsplit(" ", 1)[0] or head)[: TITLE_LIMIT - 1].rstrip(" ,;:.") + "…"
