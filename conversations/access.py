"""Doors to conversations. Missing and forbidden look the same."""

from __future__ import annotations

import uuid

from conversations import queries
from conversations.models import Citation, Conversation, Message, MessageRole
from voiceassist.accounts.models import User
from voiceassist.core.errors import Conflict, Forbidden, NotFound


class ConversationNotFound(NotFound):
    user_message = "This conversation does not exist, or it is not yours to see."


class MessageNotFound(NotFound):
    user_message = "This message does not exist, or it is not yours to see."


class CitationNotFound(NotFound):
    user_message = "This citation does not exist, or it is not yours to see."


class NotAnAnswer(Conflict):
    user_message = "This message is a question. Only an answer can be stopped or written again."


def check_can_chat(user: User) -> None:
    """Raise Forbidden unless the user has a role."""
    if not user.role:
        raise Forbidden


def get_readable_conversation(*, user: User, conversation_id: uuid.UUID) -> Conversation:
    """Return the user's conversation. Raises Forbidden, ConversationNotFound."""
    check_can_chat(user)
    conversation = Conversation.objects.filter(pk=conversation_id, owner=user).first()
    if conversation is None:
        raise ConversationNotFound
    return conversation


def get_summarised_conversation(*, user: User, conversation_id: uuid.UUID) -> Conversation:
    """Return the user's conversation with its counts and preview. Raises Forbidden, ConversationNotFound."""
    check_can_chat(user)
    conversation = queries.with_summaries(queries.conversations_of(user)).filter(pk=conversation_id).first()
    if conversation is None:
        raise ConversationNotFound
    return conversation


def get_writable_conversation(*, user: User, conversation_id: uuid.UUID) -> Conversation:
    """Return a conversation that the user may write in. Raises Forbidden, ConversationNotFound."""
    return get_readable_conversation(user=user, conversation_id=conversation_id)


def get_readable_message(*, user: User, message_id: uuid.UUID) -> Message:
    """Return a message with its conversation and citations. Raises Forbidden, MessageNotFound."""
    check_can_chat(user)
    message = (
        Message.objects.filter(pk=message_id, conversation__owner=user)
        .select_related("conversation", "parent")
        .prefetch_related("citations")
        .first()
    )
    if message is None:
        raise MessageNotFound
    return message


def get_writable_answer(*, user: User, message_id: uuid.UUID) -> Message:
    """Return an answer that the user may stop or have written again. Raises Forbidden, MessageNotFound, NotAnAnswer."""
    message = get_readable_message(user=user, message_id=message_id)
    if message.role != MessageRole.ASSISTANT or message.parent_id is None:
        raise NotAnAnswer
    return message


def get_readable_citation(*, user: User, citation_id: uuid.UUID) -> Citation:
    """Return a citation with what it points at. Raises Forbidden, CitationNotFound."""
    check_can_chat(user)
    citation = (
        Citation.objects.filter(pk=citation_id, message__conversation__owner=user)
        .select_related("message__conversation", "document", "passage__page")
        .first()
    )
    if citation is None:
        raise CitationNotFound
    return citation
