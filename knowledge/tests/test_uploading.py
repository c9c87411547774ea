"""A document on its way in: what else may happen to it meanwhile."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from knowledge.models import Document, DocumentStatus, Page, Passage
from knowledge.services import uploading
from knowledge.services.removing import remove_document
from knowledge.services.uploading import AlreadyInLibrary, receive_upload, request_indexing, run_indexing
from voiceassist.core.models import Job, JobStatus

TEXT = b"# Aspirin\n\nAspirin is given at 81 mg once daily after a myocardial infarction.\n"


def upload(curator, name="aspirin.md", content=TEXT) -> Document:
    return receive_upload(upload=SimpleUploadedFile(name, content), by=curator)


def kept_files() -> list[str]:
    folders, _ = default_storage.listdir("library")
    return [name for folder in folders for name in default_storage.listdir(f"library/{folder}")[1]]


class Killed(BaseException):
    """The worker is gone: nothing of its own runs after that."""


# --- Names ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["糖" * 116 + ".md", "a." + "糖" * 114 + ".md", "糖." * 58 + "md"])
@pytest.mark.django_db
def test_a_long_name_in_any_script_is_taken(curator, name):
    assert upload(curator, name).file_name == name


@pytest.mark.django_db
def test_the_same_content_under_another_ending_is_refused_and_kept_once(curator):
    first = upload(curator)
    Document.objects.update(status=DocumentStatus.INDEXED)

    with pytest.raises(AlreadyInLibrary):
        upload(curator, "aspirin.txt")
    assert kept_files() == [first.content_hash]


@pytest.mark.django_db
def test_a_file_that_failed_is_taken_again_under_the_name_it_has_now(curator):
    upload(curator)
    Document.objects.update(status=DocumentStatus.FAILED)

    again = upload(curator, "low dose.txt")

    again.refresh_from_db()
    assert Document.objects.get() == again
    assert (again.title, again.file_name) == ("low dose", "low dose.txt")


# --- Workers that die -----------------------------------------------------------


@pytest.mark.django_db
def test_a_job_whose_worker_dies_each_time_is_given_up(curator, monkeypatch):
    document = upload(curator)
    job = Job.objects.get()
    starts = []

    def deadly(*_args, **_kwargs):
        starts.append(1)
        raise Killed

    monkeypatch.setattr(uploading, "prepare", deadly)
    for _ in range(5):
        with suppress(Killed):
            run_indexing(job_id=job.pk)

    assert len(starts) == 3
    job.refresh_from_db()
    document.refresh_from_db()
    assert (job.status, document.status) == (JobStatus.FAILED, DocumentStatus.FAILED)
    assert "begun 3 times" in job.error == document.error


@pytest.mark.django_db
def test_a_job_that_was_given_up_can_be_asked_for_again(curator):
    document = upload(curator)
    Job.objects.update(attempts=3)
    run_indexing(job_id=Job.objects.get().pk)

    document.refresh_from_db()
    run_indexing(job_id=request_indexing(document=document, by=curator).pk)

    document.refresh_from_db()
    assert (document.status, document.error) == (DocumentStatus.INDEXED, "")


# --- Two at once ----------------------------------------------------------------


def in_the_background(work) -> threading.Thread:
    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.fixture
def queued(transactional_db, curator, monkeypatch) -> Document:
    """An uploaded document whose job waits for a worker."""
    with monkeypatch.context() as patched:
        patched.setattr("voiceassist.core.jobs.transaction.on_commit", lambda _work: None)
        return upload(curator)


def test_a_document_that_is_removed_while_it_is_indexed_stays_away(queued, curator, monkeypatch):
    real = uploading.prepare

    def removed_meanwhile(*args, **kwargs):
        prepared = real(*args, **kwargs)
        remove_document(document=queued, by=curator)
        return prepared

    monkeypatch.setattr(uploading, "prepare", removed_meanwhile)
    run_indexing(job_id=Job.objects.get().pk)

    assert not Document.objects.exists()
    assert not Page.objects.exists()
    assert kept_files() == []
    assert Job.objects.get().status == JobStatus.DONE


def test_a_removal_waits_for_a_write_under_way(queued, curator, monkeypatch):
    real, waited = uploading.write_documents, []

    def remover_comes(**kwargs):
        remover = in_the_background(lambda: remove_document(document=queued, by=curator))
        remover.join(0.5)
        waited.append((remover, remover.is_alive()))
        return real(**kwargs)

    monkeypatch.setattr(uploading, "write_documents", remover_comes)
    run_indexing(job_id=Job.objects.get().pk)

    [(remover, was_waiting)] = waited
    remover.join()
    assert was_waiting
    assert not Document.objects.exists()
    assert not Passage.objects.exists()


def test_two_jobs_for_one_document_do_not_get_in_each_others_way(queued, curator, monkeypatch):
    jobs = [Job.objects.get(), Job.objects.create(kind="k", subject_id=queued.pk)]
    real, together = uploading.prepare, threading.Barrier(2, timeout=20)

    def both_ready(*args, **kwargs):
        prepared = real(*args, **kwargs)
        together.wait()
        return prepared

    monkeypatch.setattr(uploading, "prepare", both_ready)
    for worker in [in_the_background(lambda job=job: run_indexing(job_id=job.pk)) for job in jobs]:
        worker.join()

    assert {job.status for job in Job.objects.all()} == {JobStatus.DONE}
    assert Document.objects.get().status == DocumentStatus.INDEXED
    assert Passage.objects.count() == 1
