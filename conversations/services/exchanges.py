"""Questions, each with the empty answer to it, stored before anything else happens."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction

from conversations import access, queries
from conversations.models import Conversation, Message, MessageRole, MessageStatus
from conversations.services.conversations import lock_conversation, title_from
from voiceassist.accounts.models import User
from voiceassist.core.errors import DomainError, ErrorCode

_NAMESPACE = uuid.UUID("b7a5f0c2-2d0e-5c1b-8a64-6d0f6b1c9e11")


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
    conversation = lock_conversation(by=by, conversation_id=conversation_id)
    if known := _with_client_id(conversation, client_id):
        return _resent_question(known, content)
    question = _question(conversation, content, client_id=client_id, parent_id=parent_id)
    return Exchange(question, _empty_answer(question, answer_id), is_new=True)


@transaction.atomic
def ask_first(*, by: User, conversation_id: uuid.UUID, content: str, client_id: str, answer_id: uuid.UUID) -> Exchange:
    """Begin a conversation under an id from `first_conversation_id` and ask in it; a resend finds what is there.

    Raises Forbidden, ConversationBusy, ClientIdTaken.
    """
    access.check_can_chat(by)
    Conversation.objects.get_or_create(pk=conversation_id, defaults={"owner": by})
    return ask(by=by, conversation_id=conversation_id, content=content, client_id=client_id, answer_id=answer_id)


def first_conversation_id(*, by: User, client_id: str) -> uuid.UUID:
    """Return the id of the conversation that a question begins: a resend of it must not begin another."""
    return uuid.uuid5(_NAMESPACE, f"{by.pk}:{client_id}")


@transaction.atomic
def store_question(
    *, by: User, conversation_id: uuid.UUID, content: str, client_id: str = "", parent_id: uuid.UUID | None = None
) -> Message:
    """Store a message that nobody answers; a resend returns what is there.

    Raises ConversationNotFound, Forbidden, ConversationBusy, ThreadMovedOn, ClientIdTaken.
    """
    conversation = lock_conversation(by=by, conversation_id=conversation_id)
    if client_id and (known := _with_client_id(conversation, client_id)):
        if known.role != MessageRole.USER or known.content != content:
            raise ClientIdTaken
        return known
    question = _question(conversation, content, client_id=client_id, parent_id=parent_id)
    _touch(conversation, question)
    return question


@transaction.atomic
def ask_again(
    *, by: User, conversation_id: uuid.UUID, message_id: uuid.UUID, client_id: str, answer_id: uuid.UUID
) -> Exchange:
    """Set an answer aside and store an empty one in its place; a resend returns what is there.

    Raises ConversationNotFound, MessageNotFound, Forbidden, ConversationBusy, ClientIdTaken.
    """
    conversation = lock_conversation(by=by, conversation_id=conversation_id)
    if known := _with_client_id(conversation, client_id):
        return _resent_answer(known, message_id)
    earlier = conversation.messages.filter(pk=message_id, role=MessageRole.ASSISTANT).first()
    if earlier is None or earlier.parent is None:
        raise access.MessageNotFound
    _check_idle(conversation)
    question = earlier.parent
    question.replies.filter(role=MessageRole.ASSISTANT, is_current=True).update(is_current=False)
    return Exchange(question, _empty_answer(question, answer_id, client_id), is_new=True)


def _with_client_id(conversation: Conversation, client_id: str) -> Message | None:
    return conversation.messages.filter(client_id=client_id).select_related("parent").first()


def _resent_question(known: Message, content: str) -> Exchange:
    """Return the exchange of a question that was asked before. Raises ClientIdTaken."""
    answer = known.replies.filter(role=MessageRole.ASSISTANT, is_current=True).first()
    if known.role != MessageRole.USER or known.content != content or answer is None:
        raise ClientIdTaken
    return Exchange(known, answer, is_new=False)


def _resent_answer(known: Message, message_id: uuid.UUID) -> Exchange:
    """Return the exchange of an answer that was asked for in place of `message_id`. Raises ClientIdTaken."""
    if known.role != MessageRole.ASSISTANT or known.parent is None:
        raise ClientIdTaken
    if not known.parent.replies.filter(pk=message_id).exists():
        raise ClientIdTaken
    return Exchange(known.parent, known, is_new=False)


def _question(conversation: Conversation, content: str, *, client_id: str, parent_id: uuid.UUID | None) -> Message:
    """Store a question at the end of the thread. Raises ConversationBusy, ThreadMovedOn."""
    _check_idle(conversation)
    return Message.objects.create(
        conversation=conversation,
        parent=_last_message(conversation, parent_id),
        role=MessageRole.USER,
        content=content,
        client_id=client_id,
    )


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
    _touch(conversation, question)
    return Message.objects.create(
        pk=answer_id,
        conversation=conversation,
        parent=question,
        role=MessageRole.ASSISTANT,
        status=MessageStatus.STREAMING,
        client_id=client_id,
    )


def _touch(conversation: Conversation, question: Message) -> None:
    """Put a conversation on top of the list, titled by its first question."""
    conversation.title = conversation.title or title_from(question.content)
    conversation.save(update_fields=["title", "updated_at"])
