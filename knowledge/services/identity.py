"""Ids that follow from content, so that the same file always gives the same ids (RFC 9562, UUID version 5)."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path

from knowledge.services.chunking import CHUNKER_VERSION, Chunk
from voiceassist.files.opening import reading

_NAMESPACE = uuid.UUID("6f1c1f0e-6a57-5b0c-9f0a-2b7f3f1f7a11")


def document_id(*, scope: str, content_hash: str) -> uuid.UUID:
    """Return the id of a document: the same content in another collection is another document."""
    return uuid.uuid5(_NAMESPACE, f"{scope}:{content_hash}")


def passage_id(*, document: uuid.UUID, chunk: Chunk) -> uuid.UUID:
    """Return the id of a passage from its document, the chunker's version and its place."""
    return uuid.uuid5(document, f"{CHUNKER_VERSION}:{chunk.page_number}:{chunk.start}:{chunk.end}")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal. Raises UnopenedFile."""
    with reading(path.name), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record_hash(*parts: str) -> str:
    """Return the SHA-256 of a record's fields, in hexadecimal."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()
