"""What kind of file this is: its content must agree with its name."""

from __future__ import annotations

import gzip
import re
import zlib
from enum import StrEnum
from pathlib import Path

from voiceassist.files.errors import (
    ContentMismatch,
    CorruptFile,
    EmptyFile,
    EncryptedFile,
    FileTooLarge,
    FileTypeNotAllowed,
)
from voiceassist.files.limits import MEGABYTE, Limits
from voiceassist.files.opening import reading

HEAD_BYTES = 64 * 1024
GZIP_MAGIC = b"\x1f\x8b"
# Share of control bytes above which text is taken for binary data.
MAX_CONTROL_SHARE = 0.1

_OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# What must never pass as text, although parts of it may look like text.
_FOREIGN_MAGIC = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "a ZIP archive",
    _OLE_MAGIC: "an older Office file",
    b"{\\rtf": "a rich text file",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"II*\x00": "an image",
    b"MM\x00*": "an image",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"\x1f\x8b": "a gzip archive",
    b"%!PS": "a PostScript file",
}
_MARKUP = re.compile(rb"\s*(?:<\?xml|<!doctype|<html|<svg|<script)", re.IGNORECASE)
_PUBMED_ROOT = re.compile(rb"<(?:Pubmed(?:Book)?ArticleSet|PubmedArticle|PubmedBookArticle)[\s>]")
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\x0c\r\x1b") + b"\x7f"


class FileKind(StrEnum):
    """Formats that can be turned into text."""

    PDF = "pdf"
    DOCX = "docx"
    MARKDOWN = "markdown"
    TEXT = "text"
    JSONL = "jsonl"
    PUBMED_XML = "pubmed_xml"

    @property
    def is_bulk(self) -> bool:
        """Whether one file holds many documents, which are streamed."""
        return self in {FileKind.JSONL, FileKind.PUBMED_XML}


KIND_BY_ENDING = {
    ".pdf": FileKind.PDF,
    ".docx": FileKind.DOCX,
    ".md": FileKind.MARKDOWN,
    ".markdown": FileKind.MARKDOWN,
    ".txt": FileKind.TEXT,
    ".text": FileKind.TEXT,
    ".jsonl": FileKind.JSONL,
    ".ndjson": FileKind.JSONL,
    ".jsonl.gz": FileKind.JSONL,
    ".ndjson.gz": FileKind.JSONL,
    ".xml": FileKind.PUBMED_XML,
    ".xml.gz": FileKind.PUBMED_XML,
}


def kind_by_name(name: str) -> FileKind:
    """Return the kind that the ending of `name` stands for. Raises FileTypeNotAllowed."""
    lowered = name.lower()
    for ending in sorted(KIND_BY_ENDING, key=len, reverse=True):
        if lowered.endswith(ending):
            return KIND_BY_ENDING[ending]
    raise FileTypeNotAllowed(name)


def identify(path: Path, *, name: str = "", limits: Limits | None = None) -> FileKind:
    """Return the kind of the file at `path`, agreed by its name and its content.

    `name` is the name that its owner gave it, where that differs from the name on disk.
    Raises UnopenedFile, EmptyFile, FileTooLarge, FileTypeNotAllowed, ContentMismatch, EncryptedFile, CorruptFile.
    """
    name = name or path.name
    kind = kind_by_name(name)
    with reading(name):
        size = path.stat().st_size
        check_size(size, kind, name=name, limits=limits or Limits())
        head = _head(path, name=name)
    _CHECKS[kind](head, name)
    return kind


def check_size(size: int, kind: FileKind, *, name: str, limits: Limits) -> None:
    """Raise EmptyFile or FileTooLarge when `size` bytes are no size for a file of this kind."""
    if size == 0:
        raise EmptyFile(name)
    allowed = limits.max_bulk_bytes if kind.is_bulk else limits.max_bytes
    if size > allowed:
        detail = f"has {size / MEGABYTE:.1f} MB; the limit is {allowed / MEGABYTE:.3g} MB"
        raise FileTooLarge(name, detail)


def _head(path: Path, *, name: str) -> bytes:
    """Return the first bytes, unpacked where a name says that it is packed."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not name.lower().endswith(".gz"):
        return head
    if not head.startswith(GZIP_MAGIC):
        raise ContentMismatch(name, "is named .gz but is not a gzip archive")
    try:
        with gzip.open(path) as unpacked:
            return unpacked.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error) as error:
        raise CorruptFile(name) from error


def _check_pdf(head: bytes, name: str) -> None:
    """The mark may stand anywhere in the first 1,024 bytes (ISO 32000-1, annex H, note 13)."""
    if b"%PDF-" not in head[:1024]:
        raise ContentMismatch(name, "is named .pdf but is not a PDF")


def _check_docx(head: bytes, name: str) -> None:
    if head.startswith(_OLE_MAGIC):
        if "EncryptedPackage".encode("utf-16-le") in head:
            raise EncryptedFile(name)
        raise FileTypeNotAllowed(name, "is an older Word file", advice="Save it as DOCX or PDF.")
    if not head.startswith(b"PK\x03\x04"):
        raise ContentMismatch(name, "is named .docx but is not a Word document")


def _check_text(head: bytes, name: str) -> None:
    for magic, what in _FOREIGN_MAGIC.items():
        if head.startswith(magic):
            raise ContentMismatch(name, f"is named as text but is {what}")
    if not head.startswith(_UTF16_MARKS) and _control_share(head) > MAX_CONTROL_SHARE:
        raise ContentMismatch(name, "is named as text but holds binary data")


def _check_plain_text(head: bytes, name: str) -> None:
    _check_text(head, name)
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise ContentMismatch(name, "is named as text but is a web page, an image or XML")


def _check_jsonl(head: bytes, name: str) -> None:
    _check_text(head, name)
    if not re.search(rb"(?m)^(?:\xef\xbb\xbf)?[ \t]*\{", head):
        raise ContentMismatch(name, "is named .jsonl but none of its first lines holds an object")


def _check_pubmed(head: bytes, name: str) -> None:
    _check_text(head, name)
    if not _PUBMED_ROOT.search(head):
        raise ContentMismatch(name, "is XML, but not a PubMed article set")


def _control_share(head: bytes) -> float:
    return 1 - len(head.translate(None, _CONTROLS)) / len(head) if head else 0.0


_CHECKS = {
    FileKind.PDF: _check_pdf,
    FileKind.DOCX: _check_docx,
    FileKind.MARKDOWN: _check_text,
    FileKind.TEXT: _check_plain_text,
    FileKind.JSONL: _check_jsonl,
    FileKind.PUBMED_XML: _check_pubmed,
}
