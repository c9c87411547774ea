"""Documents, their pages, passages and what makes passages findable."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from pgvector.django import HalfVectorField, HnswIndex, SparseVectorField

LIBRARY = "library"
EMBEDDING_DIMENSION = 384
TERM_SPACE = 1_000_000_000  # pgvector's largest sparse vector
BUILT_IN_MODEL = "all-MiniLM-L6-v2-int8"


class Collection(models.Model):
    """Documents under one opaque access scope, with term statistics of their own.

    `scope` is `library`, or later `conversation:<id>` and `patient:<id>`; evaluation runs use `scratch:<id>`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    scope = models.CharField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    passage_count = models.PositiveIntegerField(default=0, help_text="As of the last refresh of the statistics.")
    statistics_at = models.DateTimeField(null=True, blank=True)
    demonstration_at = models.DateTimeField(
        null=True, blank=True, help_text="When the demonstration documents were loaded in full."
    )

    def __str__(self) -> str:
        return self.scope


class DocumentStatus(models.TextChoices):
    RECEIVED = "received"
    INDEXING = "indexing"
    INDEXED = "indexed"
    FAILED = "failed"


class Document(models.Model):
    """One source that can be cited. Its id follows from the collection and the content, see `identity`."""

    id = models.UUIDField(primary_key=True, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="documents")
    title = models.CharField(max_length=500)
    external_id = models.CharField(max_length=200, blank=True, help_text="The id in the imported file, if any.")
    file_name = models.CharField(max_length=255, blank=True)
    file = models.FileField(upload_to="library/%Y/%m", blank=True)
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the file, or of the record in it.")
    bibliography = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=10, choices=DocumentStatus.choices, default=DocumentStatus.RECEIVED)
    error = models.TextField(blank=True)
    is_demonstration = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["title", "id"]
        indexes = [models.Index(fields=["collection", "status"])]

    def __str__(self) -> str:
        return self.title


class Page(models.Model):
    """The text of one page, exactly as the evidence panel shows it."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="pages")
    number = models.PositiveIntegerField(help_text="From 1.")
    text = models.TextField()
    blocks = models.JSONField(default=list, help_text="[kind, start, end, level, heading path] in page text.")
    weights = SparseVectorField(
        dimensions=TERM_SPACE, null=True, editable=False, help_text="BM25F term weights of title and page."
    )

    class Meta:
        ordering = ["document", "number"]
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="page_number_unique")]

    def __str__(self) -> str:
        return f"{self.document_id} p. {self.number}"


class Passage(models.Model):
    """A run of whole sentences of one page: the unit that is found and cited.

    `start` and `end` are half-open character offsets into the page's text; `text` is that slice.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="passages")
    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="passages")
    position = models.PositiveIntegerField(help_text="From 0, in reading order.")
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    text = models.TextField()
    heading_path = ArrayField(models.TextField(), default=list)
    sentences = ArrayField(models.PositiveIntegerField(), default=list, help_text="start, end, start, end … in text.")

    class Meta:
        ordering = ["document", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "position"],
                name="passage_position_unique",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=models.Q(end__gt=models.F("start")), name="passage_not_empty"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def sentence_spans(self) -> list[tuple[int, int]]:
        """Return the half-open offsets of each sentence in `text`."""
        return list(zip(self.sentences[::2], self.sentences[1::2], strict=True))


class LexicalEntry(models.Model):
    """The BM25F side of a passage: a tsvector for candidates, and a sparse vector of term weights for the score."""

    passage = models.OneToOneField(Passage, on_delete=models.CASCADE, primary_key=True, related_name="lexical")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    terms = SearchVectorField()
    weights = SparseVectorField(dimensions=TERM_SPACE)

    class Meta:
        indexes = [GinIndex(fields=["terms"], name="lexical_terms")]

    def __str__(self) -> str:
        return str(self.passage_id)


class Embedding(models.Model):
    """The dense side of a passage under one embedding model."""

    passage = models.ForeignKey(Passage, on_delete=models.CASCADE, related_name="embeddings")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=80)
    vector = HalfVectorField(dimensions=EMBEDDING_DIMENSION)
    sentence_vectors = models.BinaryField(help_text="float16, shape (sentences, dimension), unit length.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["passage", "model"], name="embedding_per_model_unique")]
        indexes = [
            HnswIndex(
                name="embedding_minilm_hnsw",
                fields=["vector"],
                m=16,
                ef_construction=64,
                opclasses=["halfvec_cosine_ops"],
                condition=models.Q(model=BUILT_IN_MODEL),
            )
        ]

    def __str__(self) -> str:
        return f"{self.passage_id} {self.model}"


class TermStatistic(models.Model):
    """In how many passages of a collection a lexeme occurs (document frequency)."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="terms")
    lexeme = models.TextField()
    frequency = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["collection", "lexeme"], name="term_per_collection_unique")]

    def __str__(self) -> str:
        return str(self.pk)
