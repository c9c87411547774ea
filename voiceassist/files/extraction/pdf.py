"""PDF through PDFium, in a process of its own, with the layout read off in Python."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from voiceassist.files.document import BlockKind, ExtractedDocument, Page
from voiceassist.files.errors import CorruptFile, EncryptedFile, NoTextFound, TookTooLong, TooManyPages
from voiceassist.files.extraction.building import PageBuilder
from voiceassist.files.extraction.cleaning import clean_line, count_hidden_characters
from voiceassist.files.extraction.metadata import normalise_metadata
from voiceassist.files.extraction.pdf_layout import regions_of, rows_of
from voiceassist.files.extraction.pdf_margins import Row, without_running_lines
from voiceassist.files.extraction.pdf_paragraphs import ParagraphWriter, Typography, typography_of
from voiceassist.files.extraction.pdf_words import Rule, Word
from voiceassist.files.extraction.text import title_from_name
from voiceassist.files.limits import Limits

WORKER = Path(__file__).with_name("pdf_worker.py")
# The worker sees none of the server's settings; only what a Python from an unusual place needs to start.
PASSED_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT")
_NO_TITLE = re.compile(
    r"^(?:untitled|document\d*|microsoft word\b.*|powerpoint presentation|slide \d+"
    r"|.*\.(?:docx?|pdf|indd|qxd|tex|dvi|rtf|pptx?)"
    r"|\(?unspecified\)?|\(?anonymous\)?|title|none)$",
    re.IGNORECASE,
)
# Scripts and launch actions are never run; their presence is noted (not seen inside packed object streams).
_SCRIPT = re.compile(rb"/(?:JavaScript|JS|Launch)\b")
_NO_AUTHOR = re.compile(r"^\(?(?:anonymous|unspecified|unknown|user|admin(?:istrator)?|owner)\)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _RawPage:
    number: int
    edges: tuple[float, float]
    words: list[Word]
    rules: list[Rule]
    hidden: bool
    failed: bool


def read_pdf(path: Path, *, name: str, limits: Limits) -> Iterator[ExtractedDocument]:
    """Yield the one document in a PDF.

    Pages without text stay empty and are listed in metadata["unreadable_pages"]; text that no reader can see is left
    out and its pages are listed in metadata["hidden_text_pages"]. Raises EncryptedFile, CorruptFile, TooManyPages,
    TookTooLong, NoTextFound.
    """
    head, raw = _run_worker(path, name=name, limits=limits)
    if raw and all(page.failed for page in raw):
        raise CorruptFile(name)
    if not any(page.words for page in raw):
        raise NoTextFound(
            name,
            "holds no text: it looks like a scan without text, and text recognition is not available yet",
            advice="Use a version of it with selectable text.",
        )
    typography = typography_of(word for page in raw for word in page.words)
    pages = _pages(raw, typography)
    metadata = _metadata(head.get("metadata", {}), raw, pages)
    if _SCRIPT.search(path.read_bytes()):
        metadata["active_content"] = True
    title = _embedded_title(head.get("metadata", {}), name) or _title_on_page(pages) or title_from_name(name)
    yield ExtractedDocument(title=title, pages=pages, metadata=metadata)


def _run_worker(path: Path, *, name: str, limits: Limits) -> tuple[dict[str, Any], list[_RawPage]]:
    """Run PDFium apart. A crash, a hang, or more memory than allowed ends that process, not this one."""
    seconds = max(1, int(limits.max_seconds))
    command = [sys.executable, "-I", str(WORKER), str(path.resolve())]
    command += [str(limits.max_pages), str(seconds), str(limits.max_memory_bytes)]
    environment = {key: os.environ[key] for key in PASSED_VARIABLES if key in os.environ}
    with tempfile.TemporaryFile() as output:
        try:
            ended = subprocess.run(  # noqa: S603 - this program, our own script, a path as one argument
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env=environment,
                timeout=limits.max_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TookTooLong(name) from error
        output.seek(0)
        return _read_output(output, name=name, ended_well=ended.returncode == 0, limits=limits)


def _read_output(
    output: IO[bytes], *, name: str, ended_well: bool, limits: Limits
) -> tuple[dict[str, Any], list[_RawPage]]:
    if not ended_well:
        raise CorruptFile(name)
    head = json.loads(output.readline() or b'{"error": "corrupt"}')
    _raise_reported(head, name=name, limits=limits)
    rows = [json.loads(line) for line in output]
    if not rows or "done" not in rows.pop():
        raise CorruptFile(name)
    return head, [_raw_page(row) for row in rows]


def _raise_reported(head: dict[str, Any], *, name: str, limits: Limits) -> None:
    match head.get("error"):
        case None:
            return
        case "encrypted":
            raise EncryptedFile(name)
        case "too_many_pages":
            raise TooManyPages(name, f"has {head['page_count']} pages; the limit is {limits.max_pages}")
        case _:
            raise CorruptFile(name)


def _raw_page(row: dict[str, Any]) -> _RawPage:
    """Return the page with the words of its main direction; words set across it (margin notes) are left out."""
    words = [Word(*word) for word in row["words"]]
    angle = _main_angle(words)
    left, bottom, right, top = row.get("bounds", (0.0, 0.0, 0.0, 0.0))
    edges = {0: (bottom, top), 90: (-right, -left), 180: (-top, -bottom), 270: (left, right)}[angle]
    kept = [word for word in words if word.angle == angle]
    rules = [(r[0], r[1], r[2], r[3]) for r in row["rules"]] if angle == 0 else []
    return _RawPage(row["number"], edges, kept, rules, hidden=bool(row["hidden"]), failed="failed" in row)


def _main_angle(words: list[Word]) -> int:
    letters = dict.fromkeys((0, 90, 180, 270), 0)
    for word in words:
        letters[word.angle] += len(word.text)
    return max(letters, key=lambda angle: letters[angle])


def _pages(raw: list[_RawPage], typography: Typography) -> tuple[Page, ...]:
    all_rows: list[list[Row]] = [list(rows_of(page.words)) for page in raw]
    kept = without_running_lines(all_rows, [page.edges for page in raw], body_size=typography.body_size)
    builder = PageBuilder(keep_pages=True)
    for page, rows in zip(raw, kept, strict=True):
        ParagraphWriter(builder, typography).write_page(regions_of(rows, page.rules))
        builder.end_page()
    return builder.finish()


def _metadata(embedded: dict[str, str], raw: list[_RawPage], pages: tuple[Page, ...]) -> dict[str, Any]:
    author = clean_line(embedded.get("Author", ""))
    found: dict[str, Any] = {
        "authors": [] if _NO_AUTHOR.match(author) else [part.strip() for part in author.split(";") if part.strip()],
        "unreadable_pages": [page.number for page in pages if not page.text],
        "hidden_text_pages": [page.number for page in raw if page.hidden],
        "hidden_characters_removed": sum(count_hidden_characters(word.text) for page in raw for word in page.words)
        or None,
    }
    return normalise_metadata(found)


def _embedded_title(embedded: dict[str, str], name: str) -> str:
    """Return the embedded title when it reads like one: words, not a file name or a program's default."""
    title = clean_line(embedded.get("Title", ""))
    stem = title_from_name(name).lower()
    plausible = 3 < len(title) <= 300 and any(map(str.isalpha, title)) and "_" not in title and "/" not in title
    return title if plausible and not _NO_TITLE.match(title) and title.lower() != stem else ""


def _title_on_page(pages: tuple[Page, ...]) -> str:
    """Return the highest heading of the first page with text; the first of several."""
    for page in pages:
        headings = [block for block in page.blocks if block.kind is BlockKind.HEADING]
        if headings:
            best = min(headings, key=lambda block: (block.level, block.start))
            return page.text[best.start : best.end]
        if page.text:
            return ""
    return ""
