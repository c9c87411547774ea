"""The source reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from knowledge.contexts.bibliography import TitleBlock, title_block
from knowledge.contexts.pages import NOWHERE, PageBlock, Span, page_blocks, split_page
from knowledge.models import Document, Page


@dataclass(frozen=True, slots=True)
class SourceView:
    """One page of a source, and the way to the others. The addresses are "" at either end."""

    title_block: TitleBlock
    number: int
    count: int
    blocks: list[PageBlock]
    previous_url: str
    next_url: str


def source_view(*, document: Document, page: Page, count: int, quote: Span = NOWHERE) -> SourceView:
    """Build the reader for `page` of `count`; `quote` is lit up."""
    within = quote if 0 <= quote[0] < quote[1] <= len(page.text) else NOWHERE
    return SourceView(
        title_block=title_block(
            title=document.title,
            bibliography=document.bibliography,
            is_demonstration=document.is_demonstration,
        ),
        number=page.number,
        count=count,
        blocks=page_blocks(split_page(page.text, page.blocks, quote=within), title=document.title),
        previous_url=_page_url(document, page.number - 1) if page.number > 1 else "",
        next_url=_page_url(document, page.number + 1) if page.number < count else "",
    )


def _page_url(document: Document, number: int) -> str:
    return source_url(document_id=document.pk, page=number)


def source_url(*, document_id: Any, page: int, quote: Span = NOWHERE) -> str:
    """Return the reader's address at a page, lighting up `quote` when given."""
    query = {"page": page} | ({"from": quote[0], "to": quote[1]} if quote != NOWHERE else {})
    address = f"{reverse('source', args=[document_id])}?{urlencode(query)}"
    return f"{address}#quote" if quote != NOWHERE else address
