"""Conversations as a whole."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import partial

import redis
import structlog
from django.db import transaction

from conversations.access import ConversationNotFound, check_can_chat, get_writable_conversation
from conversations.models import Conversation, Message, MessageRole, MessageStatus
from conversations.services import streams
from voiceassist.accounts.models import User

TITLE_LIMIT = 60  # characters, of a title made from a question

logger = structlog.get_logger(__name__)


@transaction.atomic
def create_conversation(*, by: User, title: str = "", initial_message: str = "") -> Conversation:
    """Start a conversation, empty or with a question that nobody answers yet. Raises Forbidden without a role."""
    check_can_chat(by)
    made = Conversation.objects.create(owner=by, title=title or title_from(initial_message))
    if initial_message:
        Message.objects.create(conversation=made, role=MessageRole.USER, content=initial_message)
    return made


@transaction.atomic
def rename_conversation(*, by: User, conversation_id: uuid.UUID, title: str) -> Conversation:
    """Give a conversation another title. Raises Forbidden, ConversationNotFound."""
    conversation = lock_conversation(by=by, conversation_id=conversation_id)
    conversation.title = title
    conversation.save(update_fields=["title", "updated_at"])
    return conversation


@transaction.atomic
def delete_conversation(*, by: User, conversation_id: uuid.UUID) -> None:
    """Delete a conversation with all that was said in it; an answer that is being written ends.

    Raises Forbidden, ConversationNotFound.
    """
    conversation = lock_conversation(by=by, conversation_id=conversation_id)
    answers = conversation.messages.select_for_update().filter(role=MessageRole.ASSISTANT)  # no citation comes after
    statuses = dict(answers.order_by("pk").values_list("pk", "status"))
    open_ids = [answer_id for answer_id, status in statuses.items() if status == MessageStatus.STREAMING]
    conversation.delete()
    transaction.on_commit(partial(_forget_streams, list(statuses), open_ids))


def lock_conversation(*, by: User, conversation_id: uuid.UUID) -> Conversation:
    """Pass the door and let one writer at a time into a conversation. Raises Forbidden, ConversationNotFound."""
    get_writable_conversation(user=by, conversation_id=conversation_id)
    conversation = Conversation.objects.select_for_update().filter(pk=conversation_id).first()
    if conversation is None:
        raise ConversationNotFound
    return conversation


def title_from(question: str) -> str:
    """Return the question on one line, cut at a word to at most 60 characters."""
    line = " ".join(question.split())
    if len(line) <= TITLE_LIMIT:
        return line
    head = line[:TITLE_LIMIT]
    return (head.rsplit(" ", 1)[0] or head)[: TITLE_LIMIT - 1].rstrip(" ,;:.") + "…"


def _forget_streams(answer_ids: Sequence[uuid.UUID], open_ids: Sequence[uuid.UUID]) -> None:
    """Clear what was streamed. Without Redis a run ends at its next write, and the streams expire by themselves."""
    if not answer_ids:
        return
    try:
        with streams.sync_connection() as client:
            streams.forget(client, answer_ids, open_ids=open_ids)
    except redis.RedisError as error:
        logger.warning("streams_not_forgotten", error=type(error).__name__)
