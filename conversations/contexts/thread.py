"""Questions and answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.safestring import SafeString

from conversations.contexts.prose import Marker, render, supports
from conversations.models import Citation, Message, MessageRole, MessageStatus
from knowledge.contexts.bibliography import title_block

SNIPPET_CHARACTERS = 180
_FAILURES: Mapping[str, str] = {
    MessageStatus.FAILED: "The answer could not be finished.",
    MessageStatus.INTERRUPTED: "The server stopped while this answer was being written.",
    MessageStatus.STOPPED: "You stopped this answer.",
}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of the list below an answer: a page of a source, and the citations that lead to it."""

    citations: tuple[Marker, ...]
    title: str
    year: str
    page: int
    snippet: str
    is_demonstration: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """What happened to an answer that did not end well, and what was kept of it."""

    what: str
    kept: str
    is_failure: bool


@dataclass(frozen=True, slots=True)
class MessageView:
    """One question or one answer. `question` is what the answer replies to, for an abstention."""

    id: uuid.UUID
    is_question: bool
    status: str
    text: str
    created_at: datetime
    question: str = ""
    prose: SafeString | str = ""
    sources: tuple[SourceLine, ...] = ()
    receipt: str = ""
    copy_text: str = ""
    trouble: Trouble | None = None

    @property
    def is_streaming(self) -> bool:
        """Whether the answer is still being written."""
        return self.status == MessageStatus.STREAMING

    @property
    def abstained(self) -> bool:
        """Whether nothing in the library answers the question."""
        return self.status == MessageStatus.ABSTAINED


def thread(messages: Iterable[Message]) -> list[MessageView]:
    """Build the messages of a conversation in order."""
    views: list[MessageView] = []
    question = ""
    for message in messages:
        views.append(message_view(message, question=question))
        question = message.content if message.role == MessageRole.USER else question
    return views


def message_view(message: Message, *, question: str = "") -> MessageView:
    """Build one message; an answer's citations should be prefetched."""
    if message.role == MessageRole.USER:
        return MessageView(message.pk, True, message.status, message.content, message.created_at)  # noqa: FBT003
    citations = sorted(message.citations.all(), key=lambda citation: citation.number)
    markers = {citation.number: _marker(citation) for citation in citations}
    abstained = message.status == MessageStatus.ABSTAINED
    return MessageView(
        id=message.pk,
        is_question=False,
        status=message.status,
        text=message.content,
        created_at=message.created_at,
        question=question,
        prose=render(message.content, markers=markers, marks=[] if abstained else supports(message.support)),
        sources=tuple(_source_lines(citations)),
        receipt=_receipt(message),
        copy_text="" if abstained else _copy_text(message, citations),
        trouble=_trouble(message),
    )


def _receipt(message: Message) -> str:
    """Say who wrote the text that is shown; "" when there is none, or nobody knows."""
    if not message.content or message.status == MessageStatus.ABSTAINED:
        return ""
    quoted = message.status == MessageStatus.COMPLETE or message.route == "extractive"
    return message.model_used or ("Quoted, no model" if quoted else "")


def _marker(citation: Citation) -> Marker:
    return Marker(citation.number, _url(citation), citation_name(citation))


def _url(citation: Citation) -> str:
    return reverse("citation", args=[citation.pk])


def citation_name(citation: Citation) -> str:
    """Return the accessible name of everything that opens the citation."""
    return f"Citation {citation.number}: {citation.title}, page {citation.page_number}"


def _source_lines(citations: Iterable[Citation]) -> Iterator[SourceLine]:
    """Gather the citations of one page, in the order of their first numbers."""
    pages: dict[tuple[str, int], list[Citation]] = {}
    for citation in citations:
        pages.setdefault((citation.title, citation.page_number), []).append(citation)
    return map(_source_line, pages.values())


def _source_line(citations: Sequence[Citation]) -> SourceLine:
    citation = citations[0]
    block = title_block(title=citation.title, bibliography=citation.bibliography)
    return SourceLine(
        citations=tuple(_marker(each) for each in citations),
        title=citation.title,
        year=block.year,
        page=citation.page_number,
        snippet=_shortened(citation.quoted_text),
        is_demonstration=block.is_demonstration,
    )


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SNIPPET_CHARACTERS else f"{line[:SNIPPET_CHARACTERS].rsplit(' ', 1)[0]} …"


def _copy_text(message: Message, citations: Iterable[Citation]) -> str:
    """Return the answer followed by a numbered list of its sources."""
    lines = [f"{citation.number}. {citation_reference(citation)}" for citation in citations]
    return "\n\n".join(part for part in (message.content.strip(), "\n".join(lines)) if part)


def citation_reference(citation: Citation) -> str:
    """Return the bibliographic line with the page, for the clipboard."""
    block = title_block(title=citation.title, bibliography=citation.bibliography)
    return f"{block.reference} Page {citation.page_number}."


def _trouble(message: Message) -> Trouble | None:
    what = _FAILURES.get(message.status)
    if what is None:
        return None
    said, stop, more = message.error.partition(". ")
    return Trouble(
        what=(said + stop).strip() or what,
        kept=more or _kept(message),
        is_failure=message.status == MessageStatus.FAILED,
    )


def _kept(message: Message) -> str:
    if not message.content:
        return "Nothing had been written yet."
    checked = "" if message.support else ", unchecked"
    return f"What was written until then is kept above{checked}."
