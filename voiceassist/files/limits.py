"""How much work one file may ask for."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for reading one file.

    `max_bytes`: size on disk of a single document (PDF, DOCX, Markdown, text), bytes.
    `max_bulk_bytes`: size on disk of a file of many records (JSONL, PubMed XML), bytes; these are streamed.
    `max_unpacked_bytes`: size of an archive once unpacked, bytes (DOCX members together; a gzip stream).
    `max_record_bytes`: one JSONL line, bytes.
    `max_pages`: pages of one document.
    `max_seconds`: wall time given to the PDF library for one document, seconds.
    `max_memory_bytes`: address space of the process that runs the PDF library, bytes.
    """

    max_bytes: int = 10 * MEGABYTE
    max_bulk_bytes: int = 2048 * MEGABYTE
    max_unpacked_bytes: int = 200 * MEGABYTE
    max_bulk_unpacked_bytes: int = 16384 * MEGABYTE
    max_record_bytes: int = 8 * MEGABYTE
    max_pages: int = 2000
    max_seconds: float = 60.0
    max_memory_bytes: int = 1024 * MEGABYTE
