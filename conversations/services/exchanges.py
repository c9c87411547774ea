"""A question and the empty answer to it, stored before anything else happens."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction

from conversations import access, queries
from conversations.models import Conversation, Message, MessageRole, MessageStatus
from conversations.services.conversations import title_from
from voiceassist.accounts.models import User
from voiceassist.core.errors import DomainError, ErrorCode


class ConversationBusy(DomainError):
    code = ErrorCode.CONFLICT
    http_status = 409
    user_message = "An answer is still being written in this conversation. Wait for it, or stop it first."


class ThreadMovedOn(DomainError):
    code = ErrorCode.CONFLICT
    http_status = 409
    user_message = "This conversation has gone on elsewhere. Reload the page, then ask again."


class ClientIdTaken(DomainError):
    code = ErrorCode.CONFLICT
    http_status = 409
    user_message = "This client id was already used for something else in this conversation."


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question, its answer, and whether the answer is new or was there already (a resend)."""

    question: Message
    answer: Message
    is_new: bool


@transaction.atomic
def ask(
    *,
    by: User,
    conversation_id: uuid.UUID,
    content: str,
    client_id: str,
    answer_id: uuid.UUID,
    parent_id: uuid.UUID | None = None,
) -> Exchange:
    """Store a question and an empty answer under `answer_id`; a resend returns what is there.

    Raises ConversationNotFound, Forbidden, ConversationBusy, ThreadMovedOn, ClientIdTaken.
    """
    conversation = _lock(by, conversation_id)
    if known := _with_client_id(conversation, client_id):
        return _resent(known, MessageRole.USER)
    _check_idle(conversation)
    question = Message.objects.create(
        conversation=conversation,
        parent=_last_message(conversation, parent_id),
        role=MessageRole.USER,
        content=content,
        client_id=client_id,
    )
    return Exchange(question, _empty_answer(question, answer_id), is_new=True)


@transaction.atomic
def ask_again(
    *, by: User, conversation_id: uuid.UUID, message_id: uuid.UUID, client_id: str, answer_id: uuid.UUID
) -> Exchange:
    """Set an answer aside and store an empty one in its place; a resend returns what is there.

    Raises ConversationNotFound, MessageNotFound, Forbidden, ConversationBusy, ClientIdTaken.
    """
    conversation = _lock(by, conversation_id)
    if known := _with_client_id(conversation, client_id):
        return _resent(known, MessageRole.ASSISTANT)
    earlier = conversation.messages.filter(pk=message_id, role=MessageRole.ASSISTANT).first()
    if earlier is None or earlier.parent is None:
        raise access.MessageNotFound
    _check_idle(conversation)
    question = earlier.parent
    question.replies.filter(role=MessageRole.ASSISTANT, is_current=True).update(is_current=False)
    return Exchange(question, _empty_answer(question, answer_id, client_id), is_new=True)


def _lock(by: User, conversation_id: uuid.UUID) -> Conversation:
    """Pass the door and let one writer at a time into the conversation."""
    access.get_writable_conversation(user=by, conversation_id=conversation_id)
    return Conversation.objects.select_for_update().get(pk=conversation_id)


def _with_client_id(conversation: Conversation, client_id: str) -> Message | None:
    return conversation.messages.filter(client_id=client_id).select_related("parent").first()


def _resent(known: Message, role: MessageRole) -> Exchange:
    """Return the exchange that a client id stands for."""
    if known.role != role:
        raise ClientIdTaken
    if role == MessageRole.ASSISTANT and known.parent:
        return Exchange(known.parent, known, is_new=False)
    return Exchange(known, known.replies.get(role=MessageRole.ASSISTANT, is_current=True), is_new=False)


def _check_idle(conversation: Conversation) -> None:
    if queries.streaming_messages(conversation.pk).exists():
        raise ConversationBusy


def _last_message(conversation: Conversation, expected: uuid.UUID | None) -> Message | None:
    """Return the end of the thread, which must be the message that the client saw there, if it named one."""
    last = next(reversed(queries.current_thread(conversation)), None)
    if expected is not None and (last is None or last.pk != expected):
        raise ThreadMovedOn
    return last


def _empty_answer(question: Message, answer_id: uuid.UUID, client_id: str = "") -> Message:
    conversation = question.conversation
    conversation.title = conversation.title or title_from(question.content)
    conversation.save(update_fields=["title", "updated_at"])
    return Message.objects.create(
        pk=answer_id,
        conversation=conversation,
        parent=question,
        role=MessageRole.ASSISTANT,
        status=MessageStatus.STREAMING,
        client_id=client_id,
    )
