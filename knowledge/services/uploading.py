"""A curator's upload: received at once, indexed in the background, re-indexed on request."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from knowledge.jobs import INDEX_DOCUMENT
from knowledge.models import Document, DocumentStatus
from knowledge.services.identity import document_id, file_hash
from knowledge.services.importing import get_collection
from knowledge.services.indexing import write_documents
from knowledge.services.limits import library_limits
from knowledge.services.originals import keep_original
from knowledge.services.preparing import Incoming, PreparedDocument, prepare
from knowledge.services.statistics import refresh_statistics
from voiceassist.accounts.models import User
from voiceassist.core.errors import DomainError, ErrorCode
from voiceassist.core.jobs import check_not_cancelled, report_progress, run_job, start_job
from voiceassist.core.models import Job, JobStatus
from voiceassist.files.document import Block, BlockKind, ExtractedDocument, Page
from voiceassist.files.errors import FileTypeNotAllowed
from voiceassist.files.extraction import read_documents
from voiceassist.files.names import display_name
from voiceassist.files.scanning import check_for_viruses
from voiceassist.files.sniffing import identify

CANCELLED = "Its indexing was cancelled. Index it again to make it searchable."


class AlreadyInLibrary(DomainError):
    code = ErrorCode.CONFLICT
    http_status = 409


def receive_upload(*, upload: UploadedFile[Any], by: User) -> Document:
    """Check and keep an uploaded file, and queue its indexing.

    Raises UnreadableFile (wrong type, empty, too large, infected) and AlreadyInLibrary; nothing is kept then.
    """
    name = display_name(upload.name or "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "upload"
        with path.open("wb") as target:
            target.writelines(upload.chunks())
        if identify(path, name=name, limits=library_limits()).is_bulk:
            raise FileTypeNotAllowed(
                name, "holds many documents", advice="Import it with `manage.py import_documents`."
            )
        with path.open("rb") as file:
            check_for_viruses(file, name=name, host=settings.CLAMAV_HOST, port=settings.CLAMAV_PORT)
        return _receive(path, name=name, by=by)


@transaction.atomic
def _receive(path: Path, *, name: str, by: User) -> Document:
    collection, content_hash = get_collection(), file_hash(path)
    document, created = Document.objects.get_or_create(
        id=document_id(scope=collection.scope, content_hash=content_hash),
        defaults={
            "collection": collection,
            "title": Path(name).stem,
            "file_name": name,
            "file": keep_original(path, content_hash=content_hash),
            "content_hash": content_hash,
        },
    )
    if not created:
        _take_again(document, name=name)
    request_indexing(document=document, by=by)
    return document


def _take_again(document: Document, *, name: str) -> None:
    """Take a file whose indexing failed under the name it has now. Raises AlreadyInLibrary."""
    if document.status != DocumentStatus.FAILED:
        raise AlreadyInLibrary(f"“{name}” is in the library already, as “{document.title}”.")
    document.title, document.file_name = Path(name).stem, name
    document.save(update_fields=["title", "file_name", "updated_at"])


def request_indexing(*, document: Document, by: User) -> Job:
    """Queue a document for indexing; until that is done it stays as it is."""
    if document.status != DocumentStatus.INDEXED:
        Document.objects.filter(pk=document.pk).update(status=DocumentStatus.RECEIVED, error="")
    return start_job(kind=INDEX_DOCUMENT, subject_id=document.pk, owner_id=by.pk)


def run_indexing(*, job_id: uuid.UUID) -> None:
    """Extract, chunk, embed and write one document, reporting each stage. Safe to run again, and twice at once."""
    run_job(job_id=job_id, work=_index)


def follow_indexing(*, job: Job) -> None:
    """Say on a document that is not searchable what became of it; one that is indexed stays as it was."""
    waiting = Document.objects.filter(pk=job.subject_id).exclude(status=DocumentStatus.INDEXED)
    match job.status:
        case JobStatus.QUEUED:
            waiting.update(status=DocumentStatus.RECEIVED, error="")
        case JobStatus.FAILED:
            waiting.update(status=DocumentStatus.FAILED, error=job.error)
        case JobStatus.CANCELLED:
            waiting.update(status=DocumentStatus.FAILED, error=CANCELLED)


def _index(job: Job) -> dict[str, int] | None:
    document = Document.objects.select_related("collection").filter(pk=job.subject_id).first()
    if document is None:
        return None
    progress = partial(_step, job)
    progress("extracting", 0, 1)
    incoming = Incoming(
        document_id=document.pk,
        content_hash=document.content_hash,
        extracted=_with_kept_title(document, _extract(document)),
        file_name=document.file_name,
        stored_file=document.file.name or "",
        is_demonstration=document.is_demonstration,
    )
    prepared = prepare([incoming], progress)
    progress("storing", 0, 1)
    passages = _write(document, prepared, job)
    refresh_statistics(collection=document.collection, now=timezone.now())
    return {"passages": passages}


def _step(job: Job, stage: str, done: int, total: int) -> None:
    """Stop here if the job was cancelled: nothing is written yet. Raises JobCancelled."""
    check_not_cancelled(job)
    report_progress(job, stage=stage, done=done, total=total)


@transaction.atomic
def _write(document: Document, prepared: Sequence[PreparedDocument], job: Job) -> int:
    """Write the document unless it was removed meanwhile; return the number of passages.

    Its row is locked first, as `remove_document` does. That may have taken a while, so the job is asked a last time:
    from here on the document is written whole. Raises JobCancelled.
    """
    locked = Document.objects.select_for_update().filter(pk=document.pk).first()
    check_not_cancelled(job)
    if locked is None:
        return 0
    passages = write_documents(collection=document.collection, prepared=prepared)
    if locked.status == DocumentStatus.INDEXED:  # it may have been renamed since its title was read
        Document.objects.filter(pk=locked.pk).update(title=locked.title)
    return passages


def _with_kept_title(document: Document, extracted: ExtractedDocument) -> ExtractedDocument:
    """Keep the title of a document that was indexed before: a curator may have corrected it."""
    return replace(extracted, title=document.title) if document.status == DocumentStatus.INDEXED else extracted


def _extract(document: Document) -> ExtractedDocument:
    """Read the kept file again, or, for a record of a bulk file, its stored pages."""
    if not document.file:
        return _from_pages(document)
    path = Path(document.file.path)
    return next(iter(read_documents(path, limits=library_limits(), name=document.file_name)))


def _from_pages(document: Document) -> ExtractedDocument:
    pages = tuple(
        Page(page.number, page.text, tuple(_block(row) for row in page.blocks)) for page in document.pages.all()
    )
    return ExtractedDocument(document.title, pages, document.bibliography, document.external_id)


def _block(row: list[object]) -> Block:
    kind, start, end, level, heading_path = row
    return Block(BlockKind(kind), start, end, level, tuple(heading_path))  # type: ignore[arg-type]
