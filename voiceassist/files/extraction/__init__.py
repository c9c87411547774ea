"""Text with structure from an uploaded or imported file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from voiceassist.files.document import ExtractedDocument
from voiceassist.files.errors import BadRow
from voiceassist.files.extraction.docx import read_docx
from voiceassist.files.extraction.jsonl import read_jsonl
from voiceassist.files.extraction.markdown import read_markdown
from voiceassist.files.extraction.pdf import read_pdf
from voiceassist.files.extraction.pubmed import read_pubmed
from voiceassist.files.extraction.text import read_text_file
from voiceassist.files.limits import Limits
from voiceassist.files.opening import reading
from voiceassist.files.sniffing import FileKind, identify

__all__ = ["Limits", "read_documents"]

_SINGLE = {
    FileKind.PDF: read_pdf,
    FileKind.DOCX: read_docx,
    FileKind.MARKDOWN: read_markdown,
    FileKind.TEXT: read_text_file,
}
_BULK = {FileKind.JSONL: read_jsonl, FileKind.PUBMED_XML: read_pubmed}


def read_documents(
    path: Path,
    *,
    limits: Limits,
    name: str = "",
    on_bad_row: Callable[[BadRow], None] | None = None,
) -> Iterator[ExtractedDocument]:
    """Yield the documents in the file at `path`: one, or many in constant memory for JSONL and PubMed XML.

    `name` is the name its owner gave it, where that differs from the name on disk: the ending must fit the content.
    A record of a bulk file that cannot be used is handed to `on_bad_row`, and reading goes on; without it BadRow is
    raised at that record. Raises a subclass of UnreadableFile, whose `user_message` can be shown.
    """
    name = name or path.name
    kind = identify(path, name=name, limits=limits)
    with reading(name):
        if kind in _BULK:
            yield from _BULK[kind](path, name=name, limits=limits, on_bad_row=on_bad_row)
        else:
            yield from _SINGLE[kind](path, name=name, limits=limits)
