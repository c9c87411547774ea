"""What answers rest on."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from conversations import access
from conversations.api import serializers as shapes
from conversations.models import Citation
from conversations.queries import cited_page
from conversations.services import payloads
from knowledge.contexts.pages import NOWHERE, find_span
from knowledge.models import Page
from voiceassist.accounts.api.permissions import signed_in
from voiceassist.core.api.throttling import limit


class MessageCitationsView(APIView):
    """The citations of one message."""

    throttle_classes = [limit("api", by_user=True)]

    @extend_schema(operation_id="messages_citations", responses=shapes.CitationSerializer(many=True))
    def get(self, request: Request, message_id: uuid.UUID) -> Response:
        """Return a message's citations by number; a question has none."""
        message = access.get_readable_message(user=signed_in(request), message_id=message_id)
        listed = [payloads.citation_payload(citation) for citation in message.citations.all()]
        return Response(shapes.CitationSerializer(listed, many=True).data)


class CitationSourceView(APIView):
    """Where a citation comes from."""

    throttle_classes = [limit("api", by_user=True)]

    @extend_schema(operation_id="citations_source", responses=shapes.CitedPageSerializer)
    def get(self, request: Request, citation_id: uuid.UUID) -> Response:
        """Return the cited page with the places of quotation and passage in it."""
        citation = access.get_readable_citation(user=signed_in(request), citation_id=citation_id)
        return Response(shapes.CitedPageSerializer(_cited(citation, cited_page(citation))).data)


def _cited(citation: Citation, page: Page | None) -> dict[str, Any]:
    return {
        "citation_id": citation.pk,
        "document_id": citation.document_id,
        "document_exists": citation.document_id is not None,
        "title": citation.title,
        "heading_path": citation.heading_path,
        "page": citation.page_number,
        "page_text": page.text if page else None,
        "spans": _places(citation, page.text if page else ""),
        "quoted_text": citation.quoted_text,
        "context": citation.context,
    }


def _places(citation: Citation, text: str) -> list[dict[str, Any]]:
    """Find quotation and passage in the page as it is now; what is not there any more has no place."""
    quote = find_span(text, start=citation.start, end=citation.end, expected=citation.quoted_text)
    if quote == NOWHERE:
        return []
    start = max(quote[0] - citation.context.find(citation.quoted_text), 0)
    passage = find_span(text, start=start, end=start + len(citation.context), expected=citation.context)
    found = {"quote": quote, "passage": passage}
    return [{"kind": kind, "start": at[0], "end": at[1]} for kind, at in found.items() if at != NOWHERE]
