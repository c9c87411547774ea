"""Take files into a collection, whatever they hold, in batches that are each written whole."""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.db import Error, InterfaceError, OperationalError
from django.utils import timezone

from knowledge.models import LIBRARY, Collection, Document, DocumentStatus
from knowledge.services.identity import document_id, file_hash, record_hash
from knowledge.services.indexing import Unindexable, write_documents
from knowledge.services.originals import drop_original, keep_original
from knowledge.services.preparing import Embed, Incoming, PreparedDocument, prepare
from knowledge.services.statistics import are_stale, refresh_statistics
from voiceassist.ai.embedding import embed_with_spans
from voiceassist.files.document import ExtractedDocument
from voiceassist.files.errors import BadRow, UnopenedFile, UnreadableFile
from voiceassist.files.extraction import read_documents
from voiceassist.files.limits import Limits
from voiceassist.files.names import display_name
from voiceassist.files.sniffing import kind_by_name

BATCH_DOCUMENTS = 64
Report = Callable[["ImportReport"], None]


@dataclass(slots=True)
class ImportReport:
    """What an import has done so far. `problems` are sentences that name file and cause."""

    documents: int = 0
    passages: int = 0
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)


class ImportFailed(Exception):
    """The import had to stop: nothing more could be written. `report` holds what was done before."""

    def __init__(self, message: str, report: ImportReport) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, slots=True)
class _Run:
    """What stays the same over the files of one import."""

    collection: Collection
    limits: Limits
    embed: Embed
    on_progress: Report
    report: ImportReport


def get_collection(*, scope: str = LIBRARY, title: str = "Library") -> Collection:
    """Return the collection of a scope, made on first use."""
    return Collection.objects.get_or_create(scope=scope, defaults={"title": title})[0]


def import_path(
    *,
    path: Path,
    collection: Collection,
    limits: Limits,
    on_progress: Report = lambda _report: None,
    embed: Embed = embed_with_spans,
) -> ImportReport:
    """Import a file, or every file below a folder. One bad file never stops the others.

    Raises ImportFailed when storage cannot be written (a full disk) or the database is gone; each batch before that
    stays.
    """
    run = _Run(collection, limits, embed, on_progress, ImportReport())
    file = path
    try:
        with _counting_again(run):
            for file in _files(path, run.report.problems):
                try:
                    _import_file(run, file)
                except UnreadableFile as problem:
                    run.report.problems.append(problem.user_message)
    except (OSError, OperationalError, InterfaceError) as error:
        raise ImportFailed(why_stopped(file, error), run.report) from error
    return run.report


@contextmanager
def _counting_again(run: _Run) -> Iterator[None]:
    """Bring the statistics up to date in the end, if there is a database to do it, however the import ends."""
    try:
        yield
    except BaseException:
        with suppress(Error):
            _count_again(run)
        raise
    _count_again(run)


def _count_again(run: _Run) -> None:
    if run.report.documents or are_stale(run.collection):
        refresh_statistics(collection=run.collection, now=timezone.now())


def _files(path: Path, problems: list[str]) -> list[Path]:
    """Return the file, or those below a folder that are not hidden; a folder that cannot be read is a problem."""

    def note(error: OSError) -> None:
        problems.append(UnopenedFile(str(error.filename), "is a folder that may not be read").user_message)

    if not path.is_dir():
        return [path]
    found: list[Path] = []
    for folder, folders, names in os.walk(path, onerror=note):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder) / name for name in names if not name.startswith(".")]
    return sorted(file for file in found if not _is_special(file))


def _is_special(file: Path) -> bool:
    """Tell pipes and the like, which would be waited for. What cannot even be looked at is a problem later."""
    try:
        return not stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return False


def _import_file(run: _Run, path: Path) -> None:
    def note_bad_row(row: BadRow) -> None:
        run.report.problems.append(row.user_message)

    incoming = _incoming(path, run.collection, run.limits, note_bad_row)
    while batch := list(islice(incoming, BATCH_DOCUMENTS)):
        _take_batch(run, batch)
        run.on_progress(run.report)


def _take_batch(run: _Run, batch: list[Incoming]) -> None:
    fresh = _without_known(batch)
    run.report.unchanged += len(batch) - len(fresh)
    if fresh:
        _write(run, prepare(fresh, embed=run.embed))


def _write(run: _Run, prepared: Sequence[PreparedDocument]) -> None:
    """Write documents together; if the database refuses one of them, each by itself."""
    try:
        run.report.passages += write_documents(collection=run.collection, prepared=prepared)
        run.report.documents += len(prepared)
    except Unindexable as problem:
        if len(prepared) == 1:
            run.report.problems.append(problem.user_message)
            drop_original(prepared[0].incoming.stored_file)
            return
        for document in prepared:
            _write(run, [document])


def _incoming(
    path: Path, collection: Collection, limits: Limits, on_bad_row: Callable[[BadRow], None]
) -> Iterator[Incoming]:
    documents = read_documents(path, limits=limits, on_bad_row=on_bad_row)
    if kind_by_name(path.name).is_bulk:
        yield from (_record(document, path, collection) for document in documents)
    else:
        yield from (_single(document, path, collection) for document in documents)


def _record(document: ExtractedDocument, path: Path, collection: Collection) -> Incoming:
    content_hash = record_hash(document.external_id, document.title, *(page.text for page in document.pages))
    return Incoming(
        document_id=document_id(scope=collection.scope, content_hash=content_hash),
        content_hash=content_hash,
        extracted=document,
        file_name=display_name(path.name),
    )


def _single(document: ExtractedDocument, path: Path, collection: Collection) -> Incoming:
    content_hash = file_hash(path)
    return Incoming(
        document_id=document_id(scope=collection.scope, content_hash=content_hash),
        content_hash=content_hash,
        extracted=document,
        file_name=display_name(path.name),
        stored_file=keep_original(path, content_hash=content_hash),
        is_demonstration=bool(document.metadata.get("demonstration")),
    )


def _without_known(batch: Iterable[Incoming]) -> list[Incoming]:
    """Drop documents that are indexed already, and repeats within the batch."""
    unique: dict[uuid.UUID, Incoming] = {document.document_id: document for document in batch}
    known = Document.objects.filter(pk__in=unique, status=DocumentStatus.INDEXED).values_list("pk", flat=True)
    for found in known:
        del unique[found]
    return list(unique.values())


def why_stopped(path: Path, error: Exception) -> str:
    """Say at which file an import stopped, why, and what to do."""
    name, cause = display_name(path.name), cause_of(error)
    return f"Stopped at “{name}”: {cause}. What was imported before is kept; run the import again to continue."


def cause_of(error: Exception) -> str:
    """Return what an error says, on one line without its full stop."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
