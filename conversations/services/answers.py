"""The rows of one answer while it is written. Every write holds only as long as the answer is still open."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.access import MessageNotFound
from conversations.models import Citation, Conversation, Message, MessageStatus
from knowledge.queries import FoundPassage
from voiceassist.ai.routing import Route
from voiceassist.core.errors import DomainError, ErrorCode

ERROR_LIMIT = 300  # characters, as the column


class AnswerClosed(Exception):
    """The answer was ended by someone else, such as the recovery of a run that was taken for dead."""


class AnswerGone(MessageNotFound):
    """The answer's conversation was deleted."""


class AnswerFailed(DomainError):
    """An answer that could not be finished; the question and what was written are kept."""

    code = ErrorCode.PROVIDER_UNAVAILABLE
    http_status = 503
    user_message = "The answer could not be finished. The question is kept; ask for the answer again."


def load(answer_id: uuid.UUID) -> Message:
    """Return an answer with its question, conversation and citations. Raises AnswerGone."""
    answer = (
        Message.objects.select_related("parent__conversation", "conversation")
        .prefetch_related("citations")
        .filter(pk=answer_id)
        .first()
    )
    if answer is None:
        raise AnswerGone
    return answer


def save_partial(*, answer_id: uuid.UUID, content: str) -> None:
    """Keep what was said so far. Raises AnswerClosed."""
    if not _open(answer_id).update(content=content):
        raise AnswerClosed


def set_route(*, answer_id: uuid.UUID, route: Route, model: str) -> None:
    """Note who answers. Raises AnswerClosed."""
    if not _open(answer_id).update(route=route.value, model_used=model[:120]):
        raise AnswerClosed


def add_citation(*, answer_id: uuid.UUID, number: int, passage: FoundPassage, span: tuple[int, int]) -> Citation:
    """Store a citation of a span, given in offsets of the passage's text."""
    start, end = span
    return Citation.objects.create(
        message_id=answer_id,
        number=number,
        document_id=passage.document_id,
        passage_id=passage.passage_id,
        passage_key=passage.passage_id,
        page_number=passage.page_number,
        start=passage.start + start,
        end=passage.start + end,
        quoted_text=passage.text[start:end],
        context=passage.text,
        title=passage.title,
        bibliography=passage.bibliography,
        heading_path=list(passage.heading_path),
        relevance_score=round(100 * min(max(passage.score, 0.0), 1.0), 1),
    )


def narrow_citation(*, citation: Citation, passage: FoundPassage, span: tuple[int, int]) -> None:
    """Point a citation at a span of its passage, given in offsets of the passage's text."""
    start, end = span
    citation.start, citation.end = passage.start + start, passage.start + end
    citation.quoted_text = passage.text[start:end]
    citation.save(update_fields=["start", "end", "quoted_text"])


@transaction.atomic
def finish(
    *,
    answer_id: uuid.UUID,
    status: MessageStatus,
    content: str,
    error: str = "",
    support: list[list[Any]] | None = None,
    timing: dict[str, int] | None = None,
) -> Message:
    """End an answer, once; whoever comes second gets the answer as it was ended. Raises AnswerGone."""
    _lock_conversation(answer_id)
    closed = _open(answer_id).update(
        status=status, content=content, error=error[:ERROR_LIMIT], support=support or [], timing=timing or {}
    )
    answer = load(answer_id)
    if closed:
        Conversation.objects.filter(pk=answer.conversation_id).update(updated_at=timezone.now())
    return answer


def _lock_conversation(answer_id: uuid.UUID) -> None:
    """Lock the conversation before its messages, as whoever deletes it does."""
    conversations = Conversation.objects.select_for_update(of=("self",)).order_by("pk")
    if conversations.filter(messages__pk=answer_id).first() is None:
        raise AnswerGone


def _open(answer_id: uuid.UUID) -> QuerySet[Message]:
    return Message.objects.filter(pk=answer_id, status=MessageStatus.STREAMING)
