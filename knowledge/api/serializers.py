"""What the API takes and gives about the knowledge base."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from knowledge.bibliography import read_bibliography
from knowledge.models import DocumentStatus
from knowledge.queries import OF_A_JOB
from knowledge.services.searching import SNIPPET, Hit
from voiceassist.core.api.serializers import Strict
from voiceassist.core.models import JobStatus

SOURCE_TYPES = ["document", "webpage", "api"]
SOURCE_TYPE = "document"  # until web pages and other services are imported
MOST_RESULTS = 50
QUERY_LIMIT = 2_000  # characters
TITLE_LIMIT = 500  # characters, as the column
SPAN = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2}


@extend_schema_field(SPAN)
class SpanField(serializers.ListField):
    """Half-open offsets: start, end."""


# --- What comes in ---------------------------------------------------------------


@extend_schema_field({"type": "object", "maxProperties": 0, "description": "Not supported so far: leave it empty."})
class NoFilters(serializers.DictField):
    """Filters, none of which is supported yet."""

    def to_internal_value(self, data: Any) -> dict[Any, Any]:
        """Refuse each filter by its name."""
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        if data:
            raise serializers.ValidationError({name[:100]: ["This filter is not supported yet."] for name in data})
        return {}


class SearchSerializer(Strict):
    """A question to the library."""

    query = serializers.CharField(max_length=QUERY_LIMIT)
    filters = NoFilters(required=False, allow_null=True)
    limit = serializers.IntegerField(default=10, min_value=1, max_value=MOST_RESULTS)


class SourceFilter(Strict):
    """Which sources to list."""

    search = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Looked for in titles, whatever the case."
    )
    type = serializers.ChoiceField(choices=SOURCE_TYPES, required=False)


class DocumentFilter(Strict):
    """Which documents to list."""

    search = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Looked for in titles and file names."
    )
    status = serializers.ChoiceField(choices=DocumentStatus.choices, required=False)


class IndexingJobFilter(Strict):
    """Which jobs to list."""

    status = serializers.ChoiceField(choices=JobStatus.choices, required=False)


class UploadSerializer(serializers.Serializer[Any]):
    """A document for the library. Everything else is read from it."""

    file = serializers.FileField(allow_empty_file=True, help_text="PDF, DOCX, Markdown or plain text.")


class DocumentChangeSerializer(Strict):
    """What a curator can change."""

    title = serializers.CharField(max_length=TITLE_LIMIT, required=False)

    def validate_title(self, value: str) -> str:
        """Put the title on one line."""
        return " ".join(value.split())


# --- What goes out ---------------------------------------------------------------


class ResultSerializer(serializers.Serializer[Any]):
    """A passage that was found."""

    document_id = serializers.UUIDField()
    chunk_id = serializers.UUIDField()
    title = serializers.CharField()
    url = serializers.CharField()
    type = serializers.ChoiceField(choices=[SOURCE_TYPE])
    publication_date = serializers.CharField(help_text="As exact as it is known: a year, a date, or empty.")
    snippet = serializers.CharField(max_length=SNIPPET)
    relevance_score = serializers.FloatField(
        min_value=0, max_value=1, help_text="Ranks the results of one search; not to be compared across searches."
    )
    page = serializers.IntegerField(min_value=1)
    span = SpanField(help_text="Of the whole passage: half-open, in characters of the page's text.")
    heading_path = serializers.ListField(child=serializers.CharField())


class ResultsSerializer(serializers.Serializer[Any]):
    """Passages, best first."""

    results = ResultSerializer(many=True)


class SourceSerializer(serializers.Serializer[Any]):
    """A published source; what is not known is empty."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    type = serializers.ChoiceField(choices=[SOURCE_TYPE])
    url = serializers.CharField()
    authors = serializers.ListField(child=serializers.CharField())
    publication_date = serializers.CharField(help_text="As exact as it is known: a year, or a date.")
    year = serializers.IntegerField(allow_null=True)
    journal = serializers.CharField()
    volume = serializers.CharField()
    issue = serializers.CharField()
    pages = serializers.CharField()
    doi = serializers.CharField()
    pmid = serializers.CharField()
    page_count = serializers.IntegerField(min_value=0)
    is_demonstration = serializers.BooleanField()
    last_updated = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ProgressSerializer(serializers.Serializer[Any]):
    """How far the newest job of a document has come: `done` of `total` steps of a stage."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=JobStatus.choices)
    stage = serializers.CharField()
    done = serializers.IntegerField(min_value=0)
    total = serializers.IntegerField(min_value=0)
    error = serializers.CharField()


class DocumentSerializer(SourceSerializer):
    """A document of the library as its curators see it."""

    status = serializers.ChoiceField(choices=DocumentStatus.choices)
    error = serializers.CharField(help_text="Why it is not searchable; empty when it is.")
    file_name = serializers.CharField()
    passage_count = serializers.IntegerField(min_value=0)
    job = ProgressSerializer(allow_null=True)


def results_body(hits: Iterable[Hit]) -> dict[str, Any]:
    """Return what a search found."""
    return dict(ResultsSerializer({"results": [_result(hit) for hit in hits]}).data)


def source_body(document: Any) -> dict[str, Any]:
    """Return a document with its `page_count` as readers see it."""
    return dict(SourceSerializer(_source(document)).data)


def document_body(document: Any) -> dict[str, Any]:
    """Return a document with its progress as curators see it."""
    job = {name: getattr(document, f"job_{name}") for name in OF_A_JOB}
    values = {
        **_source(document),
        "status": document.status,
        "error": document.error,
        "file_name": document.file_name,
        "passage_count": document.passage_count,
        "job": job if job["id"] else None,
    }
    return dict(DocumentSerializer(values).data)


def _source(document: Any) -> dict[str, Any]:
    names = ("id", "title", "page_count", "is_demonstration", "created_at", "updated_at")
    return {
        **asdict(read_bibliography(document.bibliography)),
        **{name: getattr(document, name) for name in names},
        "type": SOURCE_TYPE,
        "last_updated": document.updated_at,
    }


def _result(hit: Hit) -> dict[str, Any]:
    passage = hit.passage
    known = read_bibliography(passage.bibliography)
    return {
        "document_id": passage.document_id,
        "chunk_id": passage.passage_id,
        "title": passage.title,
        "url": known.url,
        "type": SOURCE_TYPE,
        "publication_date": known.publication_date,
        "snippet": hit.snippet,
        "relevance_score": round(min(max(passage.score, 0.0), 1.0), 4),
        "page": passage.page_number,
        "span": [passage.start, passage.end],
        "heading_path": list(passage.heading_path),
    }
