"""Curating the library by the API: upload, rename, index again, remove."""

import json
import socket
import threading
from contextlib import contextmanager

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from knowledge.models import Document, DocumentStatus, LexicalEntry
from knowledge.queries import hybrid_search
from knowledge.services import uploading
from knowledge.services.importing import get_collection
from knowledge.services.renaming import rename_document
from voiceassist.accounts.models import Role
from voiceassist.core.models import Job

pytestmark = pytest.mark.django_db
DOCUMENTS, JOBS = "/api/v1/admin/kb/documents", "/api/v1/admin/kb/jobs"
NOWHERE = "00000000-0000-4000-8000-000000000000"
TEXT = b"# Aspirin\n\nAspirin is given at 81 mg once daily after a myocardial infarction.\n"


@pytest.fixture
def api(client, curator):
    client.force_login(curator)
    return client


def upload(client, content=TEXT, name="aspirin.md", **more):
    return client.post(DOCUMENTS, {"file": SimpleUploadedFile(name, content)}, **more)


def data(response, status=200):
    assert response.status_code == status, response.content
    return response.json()["data"]


def error(response, status):
    assert response.status_code == status, response.content
    assert response.json()["success"] is False
    return response.json()["error"]


def one(document):
    return f"{DOCUMENTS}/{document.pk}"


def rename(client, document, title):
    return client.patch(one(document), {"title": title}, content_type="application/json")


@pytest.fixture
def uploaded(api, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        upload(api)
    return Document.objects.get()


# --- Uploading ------------------------------------------------------------------


def test_an_upload_is_received_and_its_job_named(api):
    made = data(upload(api), 201)

    document, job = Document.objects.get(), Job.objects.get()
    assert made["id"] == str(document.pk)
    assert (made["title"], made["file_name"], made["status"]) == ("aspirin", "aspirin.md", "received")
    assert (made["job"]["id"], made["job"]["status"]) == (str(job.pk), "queued")
    assert (made["page_count"], made["passage_count"]) == (0, 0)


def test_an_uploaded_document_is_indexed_and_found(api, uploaded):
    found = data(api.get(one(uploaded)))

    assert (found["title"], found["status"], found["error"]) == ("Aspirin", "indexed", "")
    assert (found["page_count"], found["passage_count"], found["job"]["status"]) == (1, 1, "done")
    assert hybrid_search(query="aspirin after a heart attack").passages[0].document_id == uploaded.pk


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("empty.md", b"", 422, "VALIDATION_ERROR"),
        ("notes.exe", b"MZ\x90\x00", 415, "FILE_TYPE_NOT_ALLOWED"),
        ("scan.pdf", b"PK\x03\x04zip", 415, "FILE_TYPE_NOT_ALLOWED"),
        ("rows.jsonl", b'{"_id": "1", "title": "t", "text": "x"}', 415, "FILE_TYPE_NOT_ALLOWED"),
        ("no ending", b"text", 415, "FILE_TYPE_NOT_ALLOWED"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_with_its_cause(api, name, content, status, code):
    problem = error(upload(api, content, name), status)

    assert problem["code"] == code
    assert name in problem["message"]
    assert not Document.objects.exists()


def test_a_file_that_is_too_large_is_refused(api, settings):
    settings.LIBRARY_MAX_FILE_SIZE_MB = 1

    assert error(upload(api, b"x" * 1_100_000, "large.txt"), 413)["code"] == "FILE_TOO_LARGE"
    assert not Document.objects.exists()


@contextmanager
def scanner(reply):
    """A ClamAV daemon on loopback that answers one file."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            client, _ = server.accept()
            with client:
                received = b""
                while not received.endswith(b"\0\0\0\0"):
                    received += client.recv(65536)
                client.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_an_infected_file_is_refused(api, settings):
    with scanner(b"stream: Eicar-Test-Signature FOUND\0") as port:
        settings.CLAMAV_HOST, settings.CLAMAV_PORT = "127.0.0.1", port
        problem = error(upload(api), 422)

    assert problem["code"] == "FILE_INFECTED"
    assert not Document.objects.exists()


def test_a_file_that_is_there_already_is_not_taken_twice(api, uploaded):
    assert error(upload(api, name="copy.md"), 409)["code"] == "CONFLICT"
    assert Document.objects.count() == 1


@pytest.mark.parametrize("form", [{}, {"file": "text"}, {"upload": "x"}])
def test_a_form_without_a_file_is_refused(api, form):
    assert error(api.post(DOCUMENTS, form), 400)["field"] == "file"


def test_what_is_no_form_is_refused(api):
    assert error(api.post(DOCUMENTS, "{}", content_type="application/json"), 415)["code"] == "VALIDATION_ERROR"
    broken = api.post(DOCUMENTS, b"x", content_type="multipart/form-data; boundary=")
    assert "multipart" in error(broken, 400)["message"]


def test_a_form_of_very_many_fields_is_refused(curator):
    client = Client(enforce_csrf_checks=False)
    client.force_login(curator)
    form = {str(number): "x" for number in range(1_100)}

    assert error(client.post(DOCUMENTS, form), 400)["code"] == "VALIDATION_ERROR"


def test_uploads_are_counted_by_themselves(api, monkeypatch):
    monkeypatch.setattr("voiceassist.core.rate_limits.rate_of", lambda scope: (1, 60) if scope == "upload" else (9, 60))

    data(upload(api), 201)
    assert error(upload(api, b"# B\n\nText.", "b.md"), 429)["code"] == "RATE_LIMITED"
    data(api.get(DOCUMENTS))


# --- Listing --------------------------------------------------------------------


def test_documents_are_listed_in_whatever_state(api, uploaded):
    upload(api, b"# Beta\n\nBeta blockers.", "beta.md")
    response = api.get(DOCUMENTS)

    assert [row["status"] for row in data(response)] == ["indexed", "received"]
    assert response.json()["metadata"]["pagination"]["total"] == 2
    assert [row["title"] for row in data(api.get(f"{DOCUMENTS}?status=indexed"))] == ["Aspirin"]
    assert [row["title"] for row in data(api.get(f"{DOCUMENTS}?search=BETA.MD"))] == ["beta"]
    assert error(api.get(f"{DOCUMENTS}?status=lost"), 400)["field"] == "status"


def test_jobs_are_listed_the_newest_first_whoever_asked(api, uploaded, administrator):
    uploading.request_indexing(document=uploaded, by=administrator)
    jobs = data(api.get(JOBS))

    assert [job["status"] for job in jobs] == ["queued", "done"]
    assert {job["subject_id"] for job in jobs} == {str(uploaded.pk)}
    assert len(data(api.get(f"{JOBS}?status=done"))) == 1


def test_jobs_of_another_kind_are_not_listed(api, uploaded):
    Job.objects.update(kind="other")

    assert data(api.get(JOBS)) == []


@pytest.mark.parametrize("url", [DOCUMENTS, JOBS])
def test_lists_take_no_more_queries_for_more_rows(api, uploaded, url):
    def count():
        with CaptureQueriesContext(connection) as captured:
            data(api.get(url))
        return len(captured)

    before = count()
    for number in range(6):
        upload(api, f"# {number}\n\nText {number}.".encode(), f"{number}.md")

    assert count() == before


# --- Changing -------------------------------------------------------------------


def test_a_document_is_renamed_and_found_by_its_new_title(api, uploaded, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        renamed = data(rename(api, uploaded, " Acetylsalicylic \n acid "))

    assert renamed["title"] == "Acetylsalicylic acid"
    assert renamed["job"]["id"] == str(Job.objects.first().pk)
    assert Job.objects.count() == 2
    assert "acetylsalicyl" in str(LexicalEntry.objects.get().terms)
    assert data(api.get(one(uploaded)))["title"] == "Acetylsalicylic acid"


def test_a_corrected_title_stays_when_the_document_is_indexed_again(
    api, uploaded, curator, django_capture_on_commit_callbacks
):
    for act in (lambda: rename(api, uploaded, "ASA"), lambda: api.post(f"{one(uploaded)}/reindex")):
        with django_capture_on_commit_callbacks(execute=True):
            act()

    assert data(api.get(one(uploaded)))["title"] == "ASA"


def test_a_title_that_is_corrected_while_the_document_is_indexed_is_not_lost(uploaded, curator, monkeypatch):
    real = uploading.prepare

    def renamed_meanwhile(*args, **kwargs):
        prepared = real(*args, **kwargs)
        rename_document(document=uploaded, title="ASA", by=curator)
        return prepared

    job = uploading.request_indexing(document=uploaded, by=curator)
    monkeypatch.setattr(uploading, "prepare", renamed_meanwhile)
    uploading.run_indexing(job_id=job.pk)

    uploaded.refresh_from_db()
    assert uploaded.title == "ASA"


def test_the_title_of_a_document_that_is_not_indexed_yet_cannot_be_changed(api):
    upload(api)

    assert error(rename(api, Document.objects.get(), "ASA"), 409)["code"] == "CONFLICT"


@pytest.mark.parametrize("title", ["", " ", None, 7, "x" * 501, "a\x00b", "\ud800", ["a"]])
def test_a_title_that_is_none_is_refused(api, uploaded, title):
    assert error(rename(api, uploaded, title), 400)["field"] == "title"


def test_a_change_of_nothing_changes_nothing(api, uploaded):
    unchanged = data(api.patch(one(uploaded), {}, content_type="application/json"))

    assert unchanged["title"] == "Aspirin"
    assert Job.objects.count() == 1


def test_a_document_is_indexed_again(api, uploaded):
    job = data(api.post(f"{one(uploaded)}/reindex"), 202)

    assert (job["status"], job["subject_id"], job["kind"]) == ("queued", str(uploaded.pk), "knowledge.index_document")
    assert data(api.get(one(uploaded)))["job"]["id"] == job["id"]


def test_a_document_is_removed(api, uploaded):
    response = api.delete(one(uploaded))

    assert (response.status_code, response.content) == (204, b"")
    assert not Document.objects.exists()
    assert hybrid_search(query="aspirin").passages == []
    error(api.delete(one(uploaded)), 404)


# --- Doors ----------------------------------------------------------------------


def requests_to(client, document):
    """Yield the answer of every route."""
    yield upload(client, b"# C\n\nText.", "c.md")
    yield client.get(DOCUMENTS)
    yield client.get(JOBS)
    yield client.get(one(document))
    yield rename(client, document, "t")
    yield client.post(f"{one(document)}/reindex")
    yield client.delete(one(document))


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.AUDITOR, ""])
def test_others_may_not_curate(uploaded, author, role):
    author.role = role
    author.save()
    client = Client()
    client.force_login(author)
    for response in requests_to(client, uploaded):
        assert error(response, 403)["code"] == "FORBIDDEN"
    assert Document.objects.get().title == "Aspirin"
    assert Job.objects.count() == 1


def test_nobody_curates_without_signing_in(uploaded):
    for response in requests_to(Client(), uploaded):
        assert error(response, 401)["code"] == "UNAUTHORIZED"
    assert Document.objects.exists()


def test_an_administrator_may_curate(uploaded, administrator):
    client = Client()
    client.force_login(administrator)

    assert [response.status_code for response in requests_to(client, uploaded)] == [201, 200, 200, 200, 200, 202, 204]


def test_documents_of_other_collections_do_not_exist_here(api, uploaded):
    uploaded.collection = get_collection(scope="conversation:1", title="Attachments")
    uploaded.save()
    absent = error(api.get(f"{DOCUMENTS}/{NOWHERE}"), 404)

    assert data(api.get(DOCUMENTS)) == []
    for response in list(requests_to(api, uploaded))[3:]:
        assert error(response, 404) == absent
    assert Document.objects.filter(pk=uploaded.pk, status=DocumentStatus.INDEXED).exists()


def test_nothing_is_uploaded_from_another_page(curator):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(curator)

    assert error(upload(strict), 403)["code"] == "FORBIDDEN"
    assert not Document.objects.exists()


def test_the_answer_is_an_envelope(api, uploaded):
    body = json.loads(api.get(DOCUMENTS).content)

    assert set(body) == {"success", "data", "error", "metadata", "timestamp"}
    assert body["metadata"]["version"] == "1.0"
