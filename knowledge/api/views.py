"""Searching and reading the library."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from knowledge.access import get_readable_document
from knowledge.api import serializers as shapes
from knowledge.models import Document
from knowledge.queries import matching_sources
from knowledge.services.searching import search_library
from voiceassist.accounts.api.permissions import signed_in
from voiceassist.core.api.serializers import asked, given
from voiceassist.core.api.throttling import limit


class SearchView(APIView):
    """Questions to the library."""

    throttle_classes = [limit("search", by_user=True)]

    @extend_schema(operation_id="search", request=shapes.SearchSerializer, responses=shapes.ResultsSerializer)
    def post(self, request: Request) -> Response:
        """Find the passages that fit a question, best first."""
        body = given(shapes.SearchSerializer, request)
        return Response(shapes.results_body(search_library(query=body["query"], limit=body["limit"])))


class SourceViewSet(GenericViewSet[Document]):
    """What the library holds."""

    serializer_class = shapes.SourceSerializer
    throttle_classes = [limit("api", by_user=True)]
    queryset = Document.objects.none()  # for the schema
    lookup_url_kwarg = "source_id"

    @extend_schema(operation_id="sources_list", parameters=[shapes.SourceFilter])
    def list(self, request: Request) -> Response:
        """List the published sources by title."""
        chosen = asked(shapes.SourceFilter, request)
        rows = matching_sources(search=chosen.get("search", ""))
        if chosen.get("type", shapes.SOURCE_TYPE) != shapes.SOURCE_TYPE:
            rows = rows.none()
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([shapes.source_body(document) for document in page])

    @extend_schema(operation_id="sources_get", responses=shapes.SourceSerializer)
    def retrieve(self, request: Request, source_id: uuid.UUID) -> Response:
        """Return one published source."""
        found = get_readable_document(user=signed_in(request), document_id=source_id)
        return Response(shapes.source_body(found))
