"""The evidence panel: a citation in the page that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from conversations.contexts.thread import citation_name, citation_reference
from conversations.models import Citation
from knowledge.contexts.bibliography import TitleBlock, title_block
from knowledge.contexts.pages import NOWHERE, PageBlock, Span, find_span, page_blocks, split_page
from knowledge.contexts.source import source_url
from knowledge.models import Page


@dataclass(frozen=True, slots=True)
class Neighbour:
    url: str
    name: str


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """A citation. Without `blocks` the source is gone or reads differently: the kept quotation is shown."""

    url: str
    number: int
    count: int
    title_block: TitleBlock
    section: tuple[str, ...]
    page_number: int
    blocks: list[PageBlock]
    is_deleted: bool
    quoted_text: str
    kept_before: str
    kept_after: str
    previous: Neighbour | None
    next: Neighbour | None
    source_url: str
    conversation_url: str
    copy_text: str


def evidence_view(*, citation: Citation, page: Page | None, siblings: Sequence[Citation]) -> EvidenceView:
    """Build the panel. `page` is None when the source was deleted; `siblings` are the message's citations."""
    document = citation.document
    quote = _quote(citation, page)
    before, _, after = citation.context.partition(citation.quoted_text)
    previous, following = _neighbours(citation, siblings)
    return EvidenceView(
        url=reverse("citation", args=[citation.pk]),
        number=citation.number,
        count=len(siblings),
        title_block=title_block(
            title=citation.title,
            bibliography=citation.bibliography,
            is_demonstration=bool(document and document.is_demonstration),
        ),
        section=tuple(title for title in citation.heading_path if title != citation.title),
        page_number=citation.page_number,
        blocks=_blocks(citation, page, quote),
        is_deleted=page is None,
        quoted_text=citation.quoted_text,
        kept_before=before if citation.quoted_text in citation.context else "",
        kept_after=after,
        previous=previous,
        next=following,
        source_url=_source_url(citation, quote),
        conversation_url=reverse("conversation", args=[citation.message.conversation_id]),
        copy_text=f"“{citation.quoted_text}” {citation_reference(citation)}",
    )


def _source_url(citation: Citation, quote: Span) -> str:
    if citation.document_id is None:
        return ""
    return source_url(document_id=citation.document_id, page=citation.page_number, quote=quote)


def _quote(citation: Citation, page: Page | None) -> Span:
    if page is None:
        return NOWHERE
    return find_span(page.text, start=citation.start, end=citation.end, expected=citation.quoted_text)


def _blocks(citation: Citation, page: Page | None, quote: Span) -> list[PageBlock]:
    if page is None or quote == NOWHERE:
        return []
    start = max(quote[0] - citation.context.find(citation.quoted_text), 0)
    passage = find_span(page.text, start=start, end=start + len(citation.context), expected=citation.context)
    return page_blocks(split_page(page.text, page.blocks, passage=passage, quote=quote), title=citation.title)


def _neighbours(citation: Citation, siblings: Sequence[Citation]) -> tuple[Neighbour | None, Neighbour | None]:
    ordered = sorted(siblings, key=lambda sibling: sibling.number)
    at = next((index for index, sibling in enumerate(ordered) if sibling.pk == citation.pk), 0)
    before = _neighbour(ordered[at - 1]) if at > 0 else None
    after = _neighbour(ordered[at + 1]) if at + 1 < len(ordered) else None
    return before, after


def _neighbour(citation: Citation) -> Neighbour:
    return Neighbour(reverse("citation", args=[citation.pk]), citation_name(citation))
