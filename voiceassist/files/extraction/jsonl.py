"""JSONL, packed or not: one document a line with `_id`, `title` and `text`; all other keys are metadata."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

from voiceassist.files.document import ExtractedDocument
from voiceassist.files.errors import BadRow, CorruptFile, FileTooLarge, NoTextFound
from voiceassist.files.extraction.building import PageBuilder
from voiceassist.files.extraction.cleaning import clean_line
from voiceassist.files.extraction.metadata import normalise_metadata
from voiceassist.files.extraction.text import add_text
from voiceassist.files.limits import MEGABYTE, Limits

OnBadRow = Callable[[BadRow], None]
_OWN_KEYS = frozenset({"_id", "id", "title", "text", "metadata"})
_MAX_TITLE_CHARACTERS = 120


def read_jsonl(
    path: Path, *, name: str, limits: Limits, on_bad_row: OnBadRow | None = None
) -> Iterator[ExtractedDocument]:
    """Yield one document a line, holding one line in memory.

    A bad line is handed to `on_bad_row` and reading goes on; without it, BadRow is raised. Raises FileTooLarge,
    CorruptFile (a damaged archive), NoTextFound when no line could be used.
    """
    found = False
    for number, line in _numbered_lines(path, name=name, limits=limits):
        try:
            document = _document(line, name=name, number=number, limits=limits)
        except BadRow as error:
            if on_bad_row is None:
                raise
            on_bad_row(error)
        else:
            found = True
            yield document
    if not found:
        raise NoTextFound(name)


def _numbered_lines(path: Path, *, name: str, limits: Limits) -> Iterator[tuple[int, bytes]]:
    """Yield lines that hold something. A line over the limit is cut, which makes it a bad row."""
    unpacked = 0
    number = 0
    with open_maybe_packed(path, name=name) as file:
        try:
            while line := file.readline(limits.max_record_bytes + 1):
                number += 1
                unpacked += len(line) + _skip_rest_of_line(file, line)
                if unpacked > limits.max_bulk_unpacked_bytes:
                    raise FileTooLarge(name, "is larger than allowed once unpacked")
                if line.strip():
                    yield number, line
        except (OSError, EOFError, zlib.error) as error:
            raise CorruptFile(name, f"is damaged after line {number}") from error


def open_maybe_packed(path: Path, *, name: str) -> gzip.GzipFile | BufferedReader:
    """Open for reading bytes, unpacking when the name ends in .gz."""
    return gzip.open(path, "rb") if name.lower().endswith(".gz") else path.open("rb")


def _skip_rest_of_line(file: gzip.GzipFile | BufferedReader, line: bytes) -> int:
    skipped = 0
    while line and not line.endswith(b"\n"):
        line = file.readline(MEGABYTE)
        skipped += len(line)
    return skipped


def _document(line: bytes, *, name: str, number: int, limits: Limits) -> ExtractedDocument:
    row = _parse(line, name=name, number=number, limits=limits)
    text = row.get("text")
    if not isinstance(text, str):
        raise BadRow(name, number, "“text” is missing or is not text")
    builder = PageBuilder()
    add_text(builder, text)
    pages = builder.finish()
    if not pages[0].text:
        raise BadRow(name, number, "“text” is empty")
    nested = row.get("metadata")
    extra = {key: value for key, value in row.items() if key not in _OWN_KEYS}
    metadata = normalise_metadata({**(nested if isinstance(nested, dict) else {}), **extra})
    external_id = row.get("_id", row.get("id", ""))
    return ExtractedDocument(
        title=clean_line(str(row.get("title") or "")) or _title_from_text(pages[0].text),
        pages=pages,
        metadata=metadata,
        external_id=clean_line(str(external_id)) if isinstance(external_id, str | int) else "",
    )


def _parse(line: bytes, *, name: str, number: int, limits: Limits) -> dict[str, Any]:
    if len(line) > limits.max_record_bytes:
        raise BadRow(name, number, f"it is longer than {limits.max_record_bytes / MEGABYTE:g} MB")
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadRow(name, number, "it is not UTF-8 text") from error
    except (ValueError, RecursionError) as error:
        raise BadRow(name, number, "it is not valid JSON") from error
    if not isinstance(row, dict):
        raise BadRow(name, number, "it is not an object with “_id”, “title” and “text”")
    return row


def _title_from_text(text: str) -> str:
    """Return the start of the text, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= _MAX_TITLE_CHARACTERS:
        return line
    return line[:_MAX_TITLE_CHARACTERS].rsplit(" ", 1)[0] + "…"
