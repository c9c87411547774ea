"""Write prepared documents, so that each is searchable whole or is as it was before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import DatabaseError, DataError, connection, transaction

from knowledge.models import Collection, Document, DocumentStatus, Embedding, Page, Passage
from knowledge.services.preparing import Incoming, PreparedDocument, PreparedPassage
from voiceassist.ai.embedding import embedder
from voiceassist.files.errors import UnreadableFile

_DOCUMENT_FIELDS = ["title", "external_id", "bibliography", "status", "error", "is_demonstration", "updated_at"]
_PASSAGE_FIELDS = ["page", "position", "start", "end", "text", "heading_path", "sentences"]
_INSERT_LEXICAL = """
INSERT INTO knowledge_lexicalentry (passage_id, collection_id, terms, weights)
SELECT id, collection, terms, knowledge_term_weights(terms, 80)
FROM (SELECT id, %(collection)s::uuid AS collection, knowledge_terms(title, body) AS terms
      FROM unnest(%(ids)s::uuid[], %(titles)s::text[], %(bodies)s::text[]) AS row (id, title, body)) AS vectorised
ON CONFLICT (passage_id) DO UPDATE SET terms = excluded.terms, weights = excluded.weights
"""
_WEIGH_PAGES = """
UPDATE knowledge_page SET weights = knowledge_term_weights(knowledge_terms(title, text), 150)
FROM knowledge_document AS document WHERE document.id = document_id AND document.id = ANY(%(documents)s)
"""


class Unindexable(UnreadableFile):
    """A document that the database cannot take as it is."""

    advice = "Split it into smaller documents, or leave out what is unusual in it."


def write_documents(*, collection: Collection, prepared: Sequence[PreparedDocument]) -> int:
    """Create or replace documents with their pages, passages and index entries; return the number of passages.

    Passages that are still the same keep their rows, so that citations keep pointing at them.
    Raises Unindexable, having written nothing, when the database refuses something in them; it names the first.
    """
    try:
        return _write_all(collection, prepared)
    except DatabaseError as error:
        cause = _refusal(error)
        if not cause:
            raise
        raise Unindexable(prepared[0].incoming.file_name, _named(prepared[0].incoming, cause)) from error


def _refusal(error: DatabaseError) -> str:
    """Return what is wrong with the data, or "" when it is not the data.

    The class is that of PostgreSQL's error codes (appendix A): 22 is a data exception, 54 a limit exceeded.
    """
    match (getattr(error.__cause__, "sqlstate", None) or "")[:2]:
        case "54":
            return "is too large for the search index"
        case "22":
            return "holds a value that the database cannot store"
        case "" if isinstance(error, DataError):  # refused before it was sent
            return "holds a value that the database cannot store"
        case _:
            return ""


def _named(incoming: Incoming, cause: str) -> str:
    return f"has a record “{incoming.extracted.external_id[:200]}” that {cause}" if incoming.is_record else cause


@transaction.atomic
def _write_all(collection: Collection, prepared: Sequence[PreparedDocument]) -> int:
    ordered = sorted(prepared, key=lambda document: document.incoming.document_id)
    _write_document_rows(collection, ordered)
    passages = [pair for document in ordered for pair in _passage_rows(document, _write_pages(document))]
    _delete_stale(ordered)
    rows = [row for row, _ in passages]
    Passage.objects.bulk_create(
        rows, batch_size=500, update_conflicts=True, unique_fields=["id"], update_fields=_PASSAGE_FIELDS
    )
    _write_embeddings(collection, passages)
    _write_lexical(collection, [source for _, source in passages])
    _weigh_pages(ordered)
    return len(rows)


def _write_document_rows(collection: Collection, prepared: Iterable[PreparedDocument]) -> None:
    Document.objects.bulk_create(
        [_document_row(collection, document) for document in prepared],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=_DOCUMENT_FIELDS,
    )


def _document_row(collection: Collection, prepared: PreparedDocument) -> Document:
    incoming = prepared.incoming
    return Document(
        id=incoming.document_id,
        collection=collection,
        title=incoming.extracted.title[:500],
        external_id=incoming.extracted.external_id[:200],
        file_name=incoming.file_name,
        file=incoming.stored_file,
        content_hash=incoming.content_hash,
        bibliography=incoming.extracted.metadata,
        status=DocumentStatus.INDEXED,
        is_demonstration=incoming.is_demonstration,
    )


def _write_pages(prepared: PreparedDocument) -> dict[int, Page]:
    """Write the pages in place, drop those past the end, and return them by number."""
    document_id = prepared.incoming.document_id
    rows = [
        Page(document_id=document_id, number=page.number, text=page.text, blocks=_block_rows(page.blocks))
        for page in prepared.incoming.extracted.pages
    ]
    written = Page.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["document", "number"], update_fields=["text", "blocks"]
    )
    Page.objects.filter(document_id=document_id).exclude(pk__in=[page.pk for page in written]).delete()
    return {page.number: page for page in written}


def _block_rows(blocks: Iterable[Any]) -> list[list[Any]]:
    return [[block.kind, block.start, block.end, block.level, list(block.heading_path)] for block in blocks]


def _passage_rows(prepared: PreparedDocument, pages: dict[int, Page]) -> list[tuple[Passage, PreparedPassage]]:
    return [
        (
            Passage(
                id=passage.id,
                document_id=prepared.incoming.document_id,
                page=pages[passage.chunk.page_number],
                position=passage.position,
                start=passage.chunk.start,
                end=passage.chunk.end,
                text=passage.text,
                heading_path=list(passage.chunk.heading_path),
                sentences=[offset for span in passage.chunk.sentences for offset in span],
            ),
            passage,
        )
        for passage in prepared.passages
    ]


def _delete_stale(prepared: Sequence[PreparedDocument]) -> None:
    kept = [passage.id for document in prepared for passage in document.passages]
    documents = [document.incoming.document_id for document in prepared]
    Passage.objects.filter(document_id__in=documents).exclude(pk__in=kept).delete()


def _write_embeddings(collection: Collection, passages: Sequence[tuple[Passage, PreparedPassage]]) -> None:
    rows = [
        Embedding(
            passage=row,
            collection=collection,
            model=embedder().name,
            vector=source.vectors.text,
            sentence_vectors=source.sentence_bytes(),
        )
        for row, source in passages
    ]
    Embedding.objects.bulk_create(
        rows,
        batch_size=200,
        update_conflicts=True,
        unique_fields=["passage", "model"],
        update_fields=["vector", "sentence_vectors"],
    )


def _write_lexical(collection: Collection, passages: Sequence[PreparedPassage]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_LEXICAL,
            {
                "collection": collection.pk,
                "ids": [passage.id for passage in passages],
                "titles": [passage.lexical_title for passage in passages],
                "bodies": [passage.text for passage in passages],
            },
        )


def _weigh_pages(prepared: Sequence[PreparedDocument]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_WEIGH_PAGES, {"documents": [document.incoming.document_id for document in prepared]})
