"""Plain text: paragraphs set apart by blank lines, list items, form feeds as page ends."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from voiceassist.files.document import ExtractedDocument
from voiceassist.files.errors import CorruptFile, NoTextFound
from voiceassist.files.extraction.building import PageBuilder
from voiceassist.files.extraction.cleaning import clean_text, count_hidden_characters
from voiceassist.files.limits import Limits

# A line at least this long was probably broken by a program, not by its author.
WRAPPED_LINE_CHARACTERS = 55
MAX_ODD_CHARACTERS = 20
_LIST_ITEM = re.compile(r"^(\s*)([-*•◦▪‣·–]|\(?\d{1,3}[.)]|[a-z][.)])\s+(\S.*)$")
_KEY_VALUE = re.compile(r"^[A-Z][^.:]{0,40}:\s")
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")


def read_text_file(path: Path, *, name: str, limits: Limits) -> Iterator[ExtractedDocument]:  # noqa: ARG001 - one shape for all readers
    """Yield the one document in a text file, titled by its name. Raises NoTextFound, CorruptFile."""
    text, metadata = decode(path.read_bytes(), name=name)
    builder = PageBuilder()
    for page in text.split("\f"):
        add_text(builder, page)
        builder.end_page()
    pages = builder.finish()
    if not any(page.text for page in pages):
        raise NoTextFound(name)
    yield ExtractedDocument(title=title_from_name(name), pages=pages, metadata=metadata)


def decode(data: bytes, *, name: str) -> tuple[str, dict[str, Any]]:
    """Return the text, with line feeds as line ends, and notes on how it was read.

    UTF-8 (with or without mark), UTF-16 with mark, otherwise Windows-1252: then `encoding` says so and
    `odd_characters` lists what was guessed. Raises CorruptFile when a UTF-16 mark is followed by something else.
    """
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text, notes = _decode_utf16(data, name) if utf16 else _decode_bytes(data)
    if hidden := count_hidden_characters(text.removeprefix("\ufeff")):
        notes["hidden_characters_removed"] = hidden
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), notes


def add_text(builder: PageBuilder, text: str) -> None:
    """Add plain text to a page: paragraphs by blank lines, list items by their marks."""
    for chunk in _BLANK_LINES.split(text):
        lines = [line for line in clean_text(chunk).split("\n") if line.strip()]
        for marker, depth, body in _pieces(lines):
            if marker:
                builder.list_item(body, marker=marker, level=depth)
            else:
                builder.paragraph(body)


def title_from_name(name: str) -> str:
    """Return a readable title made from a file name."""
    stem = re.sub(r"(\.(jsonl|ndjson|xml))?\.\w{1,8}$", "", clean_text(name).strip())
    return " ".join(stem.replace("_", " ").split()) or "Untitled"


def _decode_utf16(data: bytes, name: str) -> tuple[str, dict[str, Any]]:
    try:
        return data.decode("utf-16"), {"encoding": "utf-16"}
    except UnicodeDecodeError as error:
        raise CorruptFile(name, "is marked as UTF-16 text but is damaged") from error


def _decode_bytes(data: bytes) -> tuple[str, dict[str, Any]]:
    try:
        return data.decode("utf-8-sig"), {}
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    odd = sorted({character for character in text if not character.isascii()})
    return text, {"encoding": "cp1252", "odd_characters": odd[:MAX_ODD_CHARACTERS]}


def _pieces(lines: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """Yield (marker, depth, text) of each list item or paragraph in a chunk without blank lines."""
    marker, depth, body, last = "", 0, "", ""
    for line in lines:
        item = _LIST_ITEM.match(line)
        if item:
            if body:
                yield marker, depth, body
            marker, depth, body = item[2], 1 + min(len(item[1].expandtabs(4)) // 2, 4), item[3].strip()
        else:
            body = _joined(body, line.strip(), last, in_item=bool(marker))
        last = line
    if body:
        yield marker, depth, body


def _joined(body: str, line: str, last: str, *, in_item: bool) -> str:
    if not body:
        return line
    wrapped = in_item or (len(last) >= WRAPPED_LINE_CHARACTERS and not _KEY_VALUE.match(line))
    return f"{body} {line}" if wrapped else f"{body}\n{line}"
