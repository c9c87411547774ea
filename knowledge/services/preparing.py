"""From extracted text to passages with vectors: everything slow about indexing, with no database in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.services.chunking import Chunk, chunk_page
from knowledge.services.identity import passage_id
from voiceassist.ai.embedding import embed_with_spans, embedder
from voiceassist.ai.ports import TextVectors
from voiceassist.evidence.sentences import Span
from voiceassist.files.document import ExtractedDocument, Page

GROUP = 64  # passages between two reports of progress
Progress = Callable[[str, int, int], None]  # stage, done, total
Embed = Callable[[Sequence[str], Sequence[Sequence[Span]]], list[TextVectors]]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document on its way in: what was read, and from where."""

    document_id: uuid.UUID
    content_hash: str
    extracted: ExtractedDocument
    file_name: str = ""
    stored_file: str = ""
    is_demonstration: bool = False

    @property
    def is_record(self) -> bool:
        """Whether it is one of many in its file."""
        return not self.stored_file


@dataclass(frozen=True, slots=True)
class PreparedPassage:
    id: uuid.UUID
    position: int
    chunk: Chunk
    text: str
    lexical_title: str
    vectors: TextVectors

    def sentence_bytes(self) -> bytes:
        """Return the sentences' vectors as float16, shape (sentences, dimension), in row order."""
        return self.vectors.spans.astype(np.float16).tobytes()


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    incoming: Incoming
    passages: tuple[PreparedPassage, ...]


def ignore_progress(_stage: str, _done: int, _total: int) -> None:
    """Take no notice."""


def prepare(
    incoming: Sequence[Incoming], progress: Progress = ignore_progress, embed: Embed = embed_with_spans
) -> list[PreparedDocument]:
    """Chunk and embed documents. Embeds across documents at once, since batches of like length are faster."""
    chunked = [(document, page, chunk) for document in incoming for page, chunk in _chunks(document)]
    texts, spans = [], []
    for document, page, chunk in chunked:
        text, shifted = _embedded_text(document.extracted.title, page, chunk)
        texts.append(text)
        spans.append(shifted)
    vectors = _embed(texts, spans, progress, embed)
    found: dict[uuid.UUID, list[PreparedPassage]] = {document.document_id: [] for document in incoming}
    for (document, page, chunk), one in zip(chunked, vectors, strict=True):
        passages = found[document.document_id]
        passages.append(_prepared(document, page, chunk, one, len(passages)))
    return [PreparedDocument(document, tuple(found[document.document_id])) for document in incoming]


def _chunks(document: Incoming) -> list[tuple[Page, Chunk]]:
    count = embedder().count_tokens
    return [(page, chunk) for page in document.extracted.pages for chunk in chunk_page(page, count)]


def _embedded_text(title: str, page: Page, chunk: Chunk) -> tuple[str, list[Span]]:
    """Return the title line and the passage, and where its sentences stand in that."""
    head = f"{headline(title, chunk.heading_path)}\n"
    spans = [(len(head) + start, len(head) + end) for start, end in chunk.sentences]
    return head + page.text[chunk.start : chunk.end], spans


def headline(title: str, heading_path: Sequence[str]) -> str:
    """Return the line that a passage is embedded and indexed under: the title and the nearest heading."""
    nearest = heading_path[-1] if heading_path else ""
    return title if not nearest or nearest == title else f"{title}. {nearest}"


def _embed(texts: list[str], spans: list[list[Span]], progress: Progress, embed: Embed) -> list[TextVectors]:
    vectors: list[TextVectors] = []
    for first in range(0, len(texts), GROUP):
        progress("embedding", first, len(texts))
        vectors += embed(texts[first : first + GROUP], spans[first : first + GROUP])
    progress("embedding", len(texts), len(texts))
    return vectors


def _prepared(document: Incoming, page: Page, chunk: Chunk, vectors: TextVectors, position: int) -> PreparedPassage:
    return PreparedPassage(
        id=passage_id(document=document.document_id, chunk=chunk),
        position=position,
        chunk=chunk,
        text=page.text[chunk.start : chunk.end],
        lexical_title=headline(document.extracted.title, chunk.heading_path),
        vectors=vectors,
    )
