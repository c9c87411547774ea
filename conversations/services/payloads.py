"""Rows as the chat socket and the API show them. Times are UTC, ISO 8601."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from conversations.events import Done, Failed
from conversations.models import Citation, Message, MessageStatus
from conversations.services.exchanges import Exchange
from knowledge.bibliography import read_bibliography

EXCERPT = 200  # characters
SOURCE_TYPE = "document"  # until web pages and other services are cited too
_FAILED = frozenset({MessageStatus.FAILED, MessageStatus.INTERRUPTED})
_OF_A_SOURCE = ("title", "url", "authors", "publication_date", "journal", "volume", "issue", "pages", "doi", "pmid")


def citation_payload(citation: Citation) -> dict[str, Any]:
    """Return a citation; `span` is half-open, in characters of the page's text."""
    document_id = str(citation.document_id) if citation.document_id else None
    facts = asdict(read_bibliography(citation.bibliography))
    return {
        "id": str(citation.pk),
        "number": citation.number,
        "source_id": document_id,
        "source_type": SOURCE_TYPE,
        "document_id": document_id,
        "passage_id": str(citation.passage_key),
        "title": citation.title,
        **facts,
        "page": citation.page_number,
        "span": [citation.start, citation.end],
        "quoted_text": citation.quoted_text,
        "context": citation.context,
        "heading_path": citation.heading_path,
        "bibliography": citation.bibliography,
        "relevance_score": citation.relevance_score,
        "source": facts["journal"] or citation.title,
        "pubmed_id": facts["pmid"],
        "excerpt": shortened(citation.quoted_text, EXCERPT),
    }


def source_payloads(citations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the cited sources once each, from payloads of citations, in the order of their first numbers."""
    sources: dict[Any, dict[str, Any]] = {}
    for citation in citations:
        key = citation["source_id"] or citation["title"]
        facts = {name: citation[name] for name in _OF_A_SOURCE}
        source = sources.setdefault(
            key, {"id": citation["source_id"], "type": citation["source_type"], **facts, "numbers": []}
        )
        source["numbers"].append(citation["number"])
    return list(sources.values())


def shortened(text: str, limit: int) -> str:
    """Return text on one line, cut at a word to at most `limit` characters."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    return f"{head.rsplit(' ', 1)[0]}…"


def moment(time: datetime) -> str:
    """Return a time as JSON has it."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def question_payload(question: Message) -> dict[str, Any]:
    """Return a question as `message.accepted` carries it."""
    return {
        "id": str(question.pk),
        "content": question.content,
        "created_at": moment(question.created_at),
    }


def accepted_payload(exchange: Exchange, *, client_id: str) -> dict[str, Any]:
    """Return the first frame: the question is stored and its answer begun."""
    return {
        "type": "message.accepted",
        "client_id": client_id,
        "conversation_id": str(exchange.question.conversation_id),
        "user_message": question_payload(exchange.question),
        "message_id": str(exchange.answer.pk),
    }


def message_payload(message: Message) -> dict[str, Any]:
    """Return a message; `timing` is in milliseconds, `support` in characters of the content."""
    citations = [citation_payload(citation) for citation in message.citations.all()]
    return {
        "id": str(message.pk),
        "conversation_id": str(message.conversation_id),
        "parent_id": str(message.parent_id) if message.parent_id else None,
        "role": message.role,
        "status": message.status,
        "content": message.content,
        "citations": citations,
        "sources": source_payloads(citations),
        "support": message.support,
        "route": message.route,
        "model_used": message.model_used,
        "timing": message.timing,
        "error": message.error,
        "created_at": moment(message.created_at),
    }


def ending(message: Message) -> Done | Failed:
    """Return the last event of an answer that has ended."""
    payload = message_payload(message)
    now = moment(timezone.now())
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
