"""Indexing that is cancelled, and tried again."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from knowledge.models import Document, DocumentStatus, Passage
from knowledge.queries import hybrid_search
from knowledge.services import preparing, uploading
from knowledge.services.uploading import receive_upload, request_indexing, run_indexing
from voiceassist.accounts.models import User
from voiceassist.core.errors import Forbidden
from voiceassist.core.jobs import cancel_job, retry_job
from voiceassist.core.models import Job, JobStatus, Notification

pytestmark = pytest.mark.django_db
TEXT = b"# Aspirin\n\n" + b"\n\n".join(
    f"## Part {number}\n\nAspirin is given at {number} mg once daily after a myocardial infarction.".encode()
    for number in range(1, 8)
)


def cancel_now(job_id) -> None:
    cancel_job(Job.objects.get(pk=job_id))


@pytest.fixture
def document(curator) -> Document:
    """An uploaded document whose job waits for a worker."""
    return receive_upload(upload=SimpleUploadedFile("aspirin.md", TEXT), by=curator)


@pytest.fixture
def indexed(document) -> Document:
    run_indexing(job_id=Job.objects.get().pk)
    document.refresh_from_db()
    assert document.status == DocumentStatus.INDEXED
    return document


def passages():
    return set(Passage.objects.values_list("pk", "text"))


def test_indexing_tells_what_it_made_and_who_asked_for_it(indexed, curator):
    job = Job.objects.get()

    assert (job.status, job.result) == (JobStatus.DONE, {"passages": Passage.objects.count()})
    assert Notification.objects.get().user_id == curator.pk


def test_a_new_document_whose_waiting_job_is_cancelled_says_so_and_can_be_indexed_by_trying_again(document):
    job = Job.objects.get()
    cancel_job(job)

    document.refresh_from_db()
    assert document.status == DocumentStatus.FAILED
    assert "cancelled" in document.error

    retry_job(job)
    document.refresh_from_db()
    assert (document.status, document.error) == (DocumentStatus.RECEIVED, "")
    run_indexing(job_id=job.pk)
    document.refresh_from_db()
    assert document.status == DocumentStatus.INDEXED


def test_a_file_whose_indexing_was_cancelled_can_be_uploaded_again(document, curator):
    cancel_now(Job.objects.get().pk)

    receive_upload(upload=SimpleUploadedFile("aspirin.md", TEXT), by=curator)

    assert Document.objects.get().status == DocumentStatus.RECEIVED


def test_cancelling_between_two_groups_of_passages_writes_nothing(document, monkeypatch):
    monkeypatch.setattr(preparing, "GROUP", 2)
    job, groups = Job.objects.get(), []
    real = preparing.embed_with_spans

    def cancelled_meanwhile(texts, spans):
        groups.append(len(texts))
        cancel_now(job.pk)
        return real(texts, spans)

    monkeypatch.setattr(
        uploading, "prepare", lambda incoming, progress: preparing.prepare(incoming, progress, cancelled_meanwhile)
    )
    run_indexing(job_id=job.pk)

    job.refresh_from_db()
    document.refresh_from_db()
    assert (job.status, document.status, groups) == (JobStatus.CANCELLED, DocumentStatus.FAILED, [2])
    assert not Passage.objects.exists()


def test_a_searchable_document_stays_as_it_was(indexed, curator, monkeypatch):
    before, real = passages(), uploading.prepare
    job = request_indexing(document=indexed, by=curator)

    def cancelled_meanwhile(*args, **kwargs):
        prepared = real(*args, **kwargs)
        cancel_now(job.pk)
        return prepared

    monkeypatch.setattr(uploading, "prepare", cancelled_meanwhile)
    run_indexing(job_id=job.pk)

    job.refresh_from_db()
    indexed.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert (indexed.status, indexed.error) == (DocumentStatus.INDEXED, "")
    assert passages() == before
    assert hybrid_search(query="aspirin").passages


def test_cancelling_while_the_document_is_waited_for_writes_nothing(document, monkeypatch):
    job = Job.objects.get()
    real, asked = uploading.check_not_cancelled, []

    def cancelled_at_the_last_check(asking):
        asked.append(1)
        if len(asked) == 4:  # extracting, embedding (begun and ended), storing; the fifth is in the transaction
            real(asking)
            cancel_now(job.pk)
        else:
            real(asking)

    monkeypatch.setattr(uploading, "check_not_cancelled", cancelled_at_the_last_check)
    run_indexing(job_id=job.pk)

    job.refresh_from_db()
    assert (job.status, len(asked)) == (JobStatus.CANCELLED, 5)
    assert not Passage.objects.exists()


def test_a_document_that_is_being_written_is_written_whole(document, monkeypatch):
    job, real = Job.objects.get(), uploading.write_documents

    def cancelled_too_late(**kwargs):
        cancel_now(job.pk)
        return real(**kwargs)

    monkeypatch.setattr(uploading, "write_documents", cancelled_too_late)
    run_indexing(job_id=job.pk)

    job.refresh_from_db()
    document.refresh_from_db()
    assert (job.status, document.status) == (JobStatus.DONE, DocumentStatus.INDEXED)


def test_cancelling_a_second_indexing_leaves_a_searchable_document_alone(indexed, curator):
    job = request_indexing(document=indexed, by=curator)
    cancel_job(job)

    indexed.refresh_from_db()
    assert (indexed.status, indexed.error) == (DocumentStatus.INDEXED, "")


FORMER = [{"role": "clinician"}, {"role": "auditor"}, {"role": ""}, {"is_active": False}]


@pytest.mark.parametrize("change", FORMER)
def test_a_former_curator_cannot_have_it_tried_again(document, curator, change):
    job = Job.objects.get()
    cancel_job(job)
    User.objects.filter(pk=curator.pk).update(**change)

    with pytest.raises(Forbidden):
        retry_job(job)

    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED


def test_the_api_says_so(api, document, curator):
    job = Job.objects.get()
    cancel_job(job)
    User.objects.filter(pk=curator.pk).update(role="clinician")

    answer = api(curator).post(f"/api/v1/jobs/{job.pk}/retry")

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("change", FORMER)
def test_what_waits_is_not_done_for_a_former_curator(document, curator, change):
    User.objects.filter(pk=curator.pk).update(**change)

    run_indexing(job_id=Job.objects.get().pk)

    job = Job.objects.get()
    assert job.status == JobStatus.FAILED
    assert job.error
    assert not Passage.objects.exists()


def test_what_nobody_asked_for_goes_on(document):
    Job.objects.update(owner_id=None)

    run_indexing(job_id=Job.objects.get().pk)

    assert Job.objects.get().status == JobStatus.DONE
