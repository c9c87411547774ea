"""Reads: a user's conversations, and the thread of one."""

from __future__ import annotations

import uuid
from collections import defaultdict

from django.db.models import QuerySet

from conversations.models import Conversation, Message, MessageRole, MessageStatus
from voiceassist.accounts.models import User


def conversations_of(user: User) -> QuerySet[Conversation]:
    """Return the user's conversations, newest first."""
    return Conversation.objects.filter(owner=user).order_by("-updated_at", "id")


def current_thread(conversation: Conversation) -> list[Message]:
    """Return each question, in the order of asking, with its current answer; citations are prefetched."""
    return _in_order(_current(conversation).prefetch_related("citations"))


def thread_before(question: Message) -> list[Message]:
    """Return the current thread up to, and without, a question."""
    thread = _in_order(_current(question.conversation))
    positions = [message.pk for message in thread]
    return thread[: positions.index(question.pk)]


def streaming_messages(conversation_id: uuid.UUID) -> QuerySet[Message]:
    """Return the answers of a conversation that are being written, or were when their process died."""
    return Message.objects.filter(conversation_id=conversation_id, status=MessageStatus.STREAMING)


def _current(conversation: Conversation) -> QuerySet[Message]:
    return Message.objects.filter(conversation=conversation, is_current=True).order_by("created_at", "id")


def _in_order(messages: QuerySet[Message]) -> list[Message]:
    """Put answers behind their questions: a regenerated answer is younger than later questions."""
    answers: dict[uuid.UUID | None, list[Message]] = defaultdict(list)
    questions: list[Message] = []
    for message in messages:
        if message.role == MessageRole.ASSISTANT and message.parent_id:
            answers[message.parent_id].append(message)
        else:
            questions.append(message)
    return [message for question in questions for message in (question, *answers[question.pk])]
