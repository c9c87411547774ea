"""Rows as the chat socket shows them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from conversations.events import Done, Failed
from conversations.models import Citation, Message, MessageStatus

_FAILED = frozenset({MessageStatus.FAILED, MessageStatus.INTERRUPTED})


def citation_payload(citation: Citation) -> dict[str, Any]:
    """Return a citation; `span` is half-open, in characters of the page's text."""
    return {
        "id": str(citation.pk),
        "number": citation.number,
        "document_id": str(citation.document_id) if citation.document_id else None,
        "passage_id": str(citation.passage_key),
        "title": citation.title,
        "page": citation.page_number,
        "span": [citation.start, citation.end],
        "quoted_text": citation.quoted_text,
        "context": citation.context,
        "heading_path": citation.heading_path,
        "bibliography": citation.bibliography,
        "relevance_score": citation.relevance_score,
    }


def question_payload(question: Message) -> dict[str, Any]:
    """Return a question as `message.accepted` carries it."""
    return {
        "id": str(question.pk),
        "content": question.content,
        "created_at": question.created_at.isoformat(),
    }


def message_payload(message: Message) -> dict[str, Any]:
    """Return an answer; `timing` is in milliseconds, `support` in characters of the content."""
    return {
        "id": str(message.pk),
        "conversation_id": str(message.conversation_id),
        "parent_id": str(message.parent_id) if message.parent_id else None,
        "role": message.role,
        "status": message.status,
        "content": message.content,
        "citations": [citation_payload(citation) for citation in message.citations.all()],
        "support": message.support,
        "route": message.route,
        "model_used": message.model_used,
        "timing": message.timing,
        "error": message.error,
        "created_at": message.created_at.isoformat(),
    }


def ending(message: Message) -> Done | Failed:
    """Return the last event of an answer that has ended."""
    payload = message_payload(message)
    now = timezone.now().isoformat()
    if message.status in _FAILED:
        code = "INTERRUPTED" if message.status == MessageStatus.INTERRUPTED else "PROVIDER_UNAVAILABLE"
        error = {"code": code, "message": message.error}
        return Failed(str(message.pk), error=error, partial=message.content, message=payload, timestamp=now)
    return Done(
        str(message.pk),
        content=message.content,
        citations=payload["citations"],
        message=payload,
        timestamp=now,
    )
