"""Reads: a user's conversations, and the thread of one."""

from __future__ import annotations

import uuid
from collections import defaultdict

from django.db.models import BooleanField, Case, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Left

from conversations.models import Citation, Conversation, Message, MessageRole, MessageStatus
from knowledge.models import Page
from voiceassist.accounts.models import User

PREVIEW = 200  # characters
_THREAD = ("asked_at", "asked_id", "is_answer", "created_at", "id")


def conversations_of(user: User, *, q: str = "") -> QuerySet[Conversation]:
    """Return the user's conversations, newest first; `q` is looked for in their titles."""
    mine = Conversation.objects.filter(owner=user).order_by("-updated_at", "id")
    return mine.filter(title__icontains=q) if q else mine


def with_summaries(conversations: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Add `message_count` and `preview`: the beginning of the last message of the current thread, or None."""
    messages = _thread(Message.objects.filter(conversation=OuterRef("pk"), is_current=True))
    said = messages.exclude(content="").reverse().annotate(beginning=Left("content", PREVIEW))
    count = messages.order_by().values("conversation").annotate(number=Count("pk"))
    return conversations.annotate(
        message_count=Coalesce(Subquery(count.values("number")), 0),
        preview=Subquery(said.values("beginning")[:1]),
    )


def thread_rows(conversation: Conversation) -> QuerySet[Message]:
    """Return what `current_thread` returns, in the same order, as rows that can be cut into pages."""
    return _thread(_current(conversation)).prefetch_related("citations")


def cited_page(citation: Citation) -> Page | None:
    """Return the cited page as it is now, also when the document was indexed anew since; None when it is gone."""
    if citation.passage is not None:
        return citation.passage.page
    return citation.document.pages.filter(number=citation.page_number).first() if citation.document else None


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


def _thread(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Put answers behind their questions, in SQL."""
    is_answer = Q(role=MessageRole.ASSISTANT, parent__isnull=False)
    return messages.annotate(
        is_answer=Case(When(is_answer, then=Value(True)), default=Value(False), output_field=BooleanField()),  # noqa: FBT003
        asked_at=Case(When(is_answer, then=F("parent__created_at")), default=F("created_at")),
        asked_id=Case(When(is_answer, then=F("parent_id")), default=F("id")),
    ).order_by(*_THREAD)


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
