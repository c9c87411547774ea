"""The console: a curator uploads a document, sees its state and indexes it again."""

from __future__ import annotations

from html import unescape

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from knowledge.models import Document, DocumentStatus, Passage
from knowledge.queries import hybrid_search
from knowledge.services import uploading
from knowledge.services.importing import get_collection
from knowledge.services.uploading import run_indexing
from voiceassist.core import system_settings
from voiceassist.core.models import Job, JobStatus

TEXT = b"# Aspirin\n\nAspirin is given at 81 mg once daily after a myocardial infarction.\n"
ADD = "/console/knowledge/document/add/"
LIST = "/console/knowledge/document/"


@pytest.fixture
def console(client, curator):
    client.force_login(curator)
    return client


def upload(console, content: bytes = TEXT, name: str = "aspirin.md"):
    return console.post(ADD, {"upload": SimpleUploadedFile(name, content)}, follow=True)


def press_index_again(client, document):
    page = reverse("admin:knowledge_document_change", args=[document.pk])
    return client.post(page, {"knowledge_document_index_this_again": ""}, follow=True)


@pytest.fixture
def uploaded(console, django_capture_on_commit_callbacks) -> Document:
    with django_capture_on_commit_callbacks(execute=True):
        upload(console)
    return Document.objects.get()


def test_an_uploaded_document_is_indexed_and_found(uploaded):
    assert uploaded.status == DocumentStatus.INDEXED
    assert uploaded.title == "Aspirin"
    assert hybrid_search(query="aspirin after a heart attack").passages[0].document_id == uploaded.pk


def test_the_list_says_where_each_document_stands(console, uploaded):
    page = console.get(LIST).content.decode()

    assert "Aspirin" in page
    assert "Indexed" in page


def test_a_document_that_waits_or_is_worked_on_says_so(console, uploaded):
    job = Job.objects.get()
    job.report(status=JobStatus.QUEUED, stage="")
    assert "Waiting for the worker" in console.get(LIST).content.decode()

    job.report(status=JobStatus.RUNNING, stage="embedding", done=64, total=151)
    assert "Embedding 64 of 151" in console.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("empty.md", b"", "empty"),
        ("notes.exe", b"MZ\x90\x00", "not accepted"),
        ("scan.pdf", b"PK\x03\x04zip", "is not a PDF"),
        ("rows.jsonl", b'{"_id": "1", "title": "t", "text": "x"}', "many documents"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_beside_the_field(console, name, content, cause):
    page = upload(console, content, name).content.decode()

    assert name in page or "empty" in page
    assert cause in page
    assert not Document.objects.exists()


def test_a_file_that_is_there_already_is_not_taken_twice(console, uploaded):
    page = upload(console, name="copy.md").content.decode()

    assert "in the library already" in page
    assert Document.objects.count() == 1


def test_a_file_whose_text_cannot_be_read_is_shown_as_failed_with_the_reason(
    console, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        upload(console, b"%PDF-1.4\nnothing that a reader could use", "broken.pdf")

    document = Document.objects.get()
    assert document.status == DocumentStatus.FAILED
    assert "broken.pdf" in document.error
    page = console.get(reverse("admin:knowledge_document_change", args=[document.pk])).content.decode()
    assert document.error in unescape(page)


def test_uploads_are_limited_for_each_person_whichever_way_they_take(console, api, curator, administrator):
    system_settings.set_values({"upload_per_minute": 2}, by_id=None)
    file = SimpleUploadedFile("first.md", TEXT)
    assert api(curator).post("/api/v1/admin/kb/documents", {"file": file}, format="multipart").status_code == 201
    assert upload(console, b"# Gout\n\nUrate.", "second.md").status_code == 200

    refused = upload(console, b"# Asthma\n\nAir.", "third.md")

    assert (refused.status_code, "Too many requests" in refused.content.decode()) == (429, True)
    assert int(refused["Retry-After"]) > 0
    assert Document.objects.count() == 2
    assert console.get(ADD).status_code == 200
    other = Client()
    other.force_login(administrator)
    assert upload(other, b"# Asthma\n\nAir.", "third.md").status_code == 200
    assert Document.objects.count() == 3


def test_uploads_are_refused_while_the_scanner_cannot_be_reached(console, settings, unused_tcp_port):
    settings.CLAMAV_HOST, settings.CLAMAV_PORT = "127.0.0.1", unused_tcp_port

    upload(console)

    assert not Document.objects.exists()


def test_indexing_again_gives_the_same_passages(console, uploaded, django_capture_on_commit_callbacks):
    before = set(Passage.objects.values_list("pk", "text"))

    with django_capture_on_commit_callbacks(execute=True):
        press_index_again(console, uploaded)

    assert set(Passage.objects.values_list("pk", "text")) == before
    assert Job.objects.filter(status=JobStatus.DONE).count() == 2


def test_a_job_that_is_delivered_twice_does_no_harm(uploaded):
    before = set(Passage.objects.values_list("pk", flat=True))
    job = Job.objects.get()
    job.report(status=JobStatus.RUNNING)

    run_indexing(job_id=job.pk)
    run_indexing(job_id=job.pk)

    assert set(Passage.objects.values_list("pk", flat=True)) == before


def test_a_failure_while_indexing_again_leaves_the_document_searchable(uploaded, curator, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(uploading, "prepare", broken)
    job = uploading.request_indexing(document=uploaded, by=curator)
    with pytest.raises(RuntimeError):
        run_indexing(job_id=job.pk)

    uploaded.refresh_from_db()
    assert uploaded.status == DocumentStatus.INDEXED
    assert hybrid_search(query="aspirin").passages
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED


def test_removing_a_document_removes_its_file_and_passages(console, uploaded, django_capture_on_commit_callbacks):
    name = uploaded.file.name
    with django_capture_on_commit_callbacks(execute=True):
        console.post(reverse("admin:knowledge_document_delete", args=[uploaded.pk]), {"post": "yes"})

    assert not Document.objects.exists()
    assert not default_storage.exists(name)
    assert hybrid_search(query="aspirin").passages == []


def test_the_console_shows_the_library_only(console, uploaded):
    uploaded.collection = get_collection(scope="conversation:1", title="Attachments")
    uploaded.save()

    assert "Aspirin" not in console.get(LIST).content.decode()
    assert console.get(reverse("admin:knowledge_document_change", args=[uploaded.pk])).status_code == 302


def test_the_list_takes_no_more_queries_for_more_documents(console, uploaded, django_assert_max_num_queries):
    for number in range(5):
        content = ContentFile(b"x", name=f"{number}.md")
        Document.objects.create(
            id=f"00000000-0000-4000-8000-00000000000{number}",
            collection=uploaded.collection,
            title=f"Document {number}",
            content_hash=str(number),
            file=content,
        )
    with django_assert_max_num_queries(12):
        console.get(LIST)


@pytest.mark.parametrize("role", ["clinician", "auditor"])
def test_others_may_not_curate(client, author, role):
    author.role = role
    author.save()
    client.force_login(author)

    assert client.get(LIST).status_code in (302, 403)
    assert client.post(ADD, {"upload": SimpleUploadedFile("a.md", TEXT)}).status_code in (302, 403)
    assert not Document.objects.exists()


def test_the_button_to_index_again_says_what_it_did(console, uploaded):
    page = reverse("admin:knowledge_document_change", args=[uploaded.pk])
    assert 'name="knowledge_document_index_this_again"' in console.get(page).content.decode()
    assert 'name="_save"' not in console.get(page).content.decode()

    assert "Queued" in press_index_again(console, uploaded).content.decode()


def test_nothing_is_queued_by_following_a_link(console, uploaded):
    page = reverse("admin:knowledge_document_change", args=[uploaded.pk])
    for address in (page, f"{page}?knowledge_document_index_this_again=", f"{LIST}{uploaded.pk}/index-again"):
        console.get(address)

    assert Job.objects.count() == 1


def test_nothing_is_queued_from_another_page(curator, uploaded):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(curator)

    assert press_index_again(strict, uploaded).status_code == 403
    assert Job.objects.count() == 1


def test_others_may_not_index_again(client, author, uploaded):
    client.force_login(author)
    press_index_again(client, uploaded)

    assert Job.objects.count() == 1


@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_an_address_of_no_document_leads_back(console, page):
    assert console.get(f"{LIST}not-an-id/{page}/").status_code == 302


def test_the_consoles_log_names_documents_by_id(console, uploaded):
    press_index_again(console, uploaded)
    console.post(reverse("admin:knowledge_document_delete", args=[uploaded.pk]), {"post": "yes"})

    entries = LogEntry.objects.order_by("pk")
    assert [entry.action_flag for entry in entries] == [ADDITION, CHANGE, DELETION]
    assert {entry.object_repr for entry in entries} == {str(uploaded.pk)}
    assert not any("spirin" in entry.change_message for entry in entries)


def test_a_selection_of_no_document_is_refused(console, uploaded):
    chosen = {"action": "index_again", "_selected_action": "not-an-id"}

    assert console.post(LIST, chosen).status_code in (302, 400)
    assert Job.objects.count() == 1
