"""Curating the library."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from knowledge.access import get_curated_document
from knowledge.api import serializers as shapes
from knowledge.models import Document
from knowledge.queries import curated_documents, indexing_jobs
from knowledge.services.removing import remove_document
from knowledge.services.renaming import rename_document
from knowledge.services.uploading import receive_upload, request_indexing
from voiceassist.accounts.api.permissions import IsCurator, signed_in
from voiceassist.core.api.jobs import JobSerializer
from voiceassist.core.api.schema import errors
from voiceassist.core.api.serializers import asked, given
from voiceassist.core.api.throttling import limit
from voiceassist.core.models import Job


class DocumentViewSet(GenericViewSet[Document]):
    """The documents of the library, in whatever state."""

    serializer_class = shapes.DocumentSerializer
    permission_classes = [IsCurator]
    queryset = Document.objects.none()  # for the schema
    lookup_url_kwarg = "document_id"

    def get_throttles(self) -> list[BaseThrottle]:
        """Count uploads by a limit of their own."""
        return [limit("upload" if self.action == "create" else "api", by_user=True)()]

    def get_parsers(self) -> list[BaseParser]:
        """Take a form where a file is uploaded, JSON elsewhere."""
        is_upload = self.request is not None and self.request.method == "POST"
        return [MultiPartParser()] if is_upload else super().get_parsers()

    @extend_schema(operation_id="kb_documents_list", parameters=[shapes.DocumentFilter])
    def list(self, request: Request) -> Response:
        """List the documents of the library by title."""
        page = self.paginate_queryset(curated_documents(**asked(shapes.DocumentFilter, request))) or []
        return self.get_paginated_response([shapes.document_body(document) for document in page])

    @extend_schema(
        operation_id="kb_documents_create",
        request={"multipart/form-data": shapes.UploadSerializer},
        responses={201: shapes.DocumentSerializer, **errors(409, 413, 415, 422)},
    )
    def create(self, request: Request) -> Response:
        """Upload a document; it is searchable once its job is done."""
        body = shapes.UploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = receive_upload(upload=body.validated_data["file"], by=signed_in(request))
        return self._one(request, made.pk, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="kb_documents_get", responses=shapes.DocumentSerializer)
    def retrieve(self, request: Request, document_id: uuid.UUID) -> Response:
        """Return one document of the library."""
        return self._one(request, document_id)

    @extend_schema(
        operation_id="kb_documents_patch",
        request=shapes.DocumentChangeSerializer,
        responses={200: shapes.DocumentSerializer, **errors(409)},
    )
    def partial_update(self, request: Request, document_id: uuid.UUID) -> Response:
        """Correct a document's title; it is indexed again, since passages are found by their title too."""
        body = given(shapes.DocumentChangeSerializer, request)
        document = get_curated_document(user=signed_in(request), document_id=document_id)
        if body:
            rename_document(document=document, by=signed_in(request), **body)
        return self._one(request, document_id)

    @extend_schema(operation_id="kb_documents_delete", responses={204: None})
    def destroy(self, request: Request, document_id: uuid.UUID) -> Response:
        """Remove a document. Citations of it keep what they quoted."""
        document = get_curated_document(user=signed_in(request), document_id=document_id)
        remove_document(document=document, by=signed_in(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _one(self, request: Request, document_id: uuid.UUID, *, status: int = 200) -> Response:
        found = get_curated_document(user=signed_in(request), document_id=document_id)
        return Response(shapes.document_body(found), status=status)


class ReindexView(APIView):
    """Indexing again."""

    permission_classes = [IsCurator]
    throttle_classes = [limit("api", by_user=True)]

    @extend_schema(operation_id="kb_documents_reindex", request=None, responses={202: JobSerializer})
    def post(self, request: Request, document_id: uuid.UUID) -> Response:
        """Queue a document for indexing; until that is done it stays searchable as it is."""
        document = get_curated_document(user=signed_in(request), document_id=document_id)
        job = request_indexing(document=document, by=signed_in(request))
        return Response(JobSerializer(job).data, status=status.HTTP_202_ACCEPTED)


class IndexingJobsView(ListAPIView[Job]):
    """Everybody's indexing."""

    serializer_class = JobSerializer
    permission_classes = [IsCurator]
    throttle_classes = [limit("api", by_user=True)]
    queryset = Job.objects.none()  # for the schema

    @extend_schema(operation_id="kb_jobs_list", parameters=[shapes.IndexingJobFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the indexing jobs, newest first."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Job]:
        """Return the jobs that the filter lets through. Raises ValidationError."""
        return indexing_jobs(**asked(shapes.IndexingJobFilter, self.request))
