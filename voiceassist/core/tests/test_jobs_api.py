from __future__ import annotations

import uuid

import pytest
from celery import Signature
from django.db import connection
from django.test.utils import CaptureQueriesContext

from voiceassist.core.models import Job, JobStatus

pytestmark = pytest.mark.django_db
KIND = "knowledge.index_document"
MISSING = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch):
    monkeypatch.setattr(Signature, "delay", lambda _message: None)


@pytest.fixture
def signed_in(client, author):
    client.force_login(author)
    return client


def make_job(owner, **fields) -> Job:
    return Job.objects.create(**{"kind": KIND, "subject_id": uuid.uuid4(), "owner_id": owner.pk, **fields})


def test_a_job_says_how_far_it_has_come(signed_in, author):
    job = make_job(author, status=JobStatus.RUNNING, stage="embedding", done=64, total=151, attempts=1)

    body = signed_in.get(f"/api/v1/jobs/{job.pk}").json()

    assert body["success"]
    shown = body["data"]
    assert shown.pop("created_at")
    assert shown.pop("updated_at")
    assert shown == {
        "id": str(job.pk),
        "kind": KIND,
        "subject_id": str(job.subject_id),
        "status": "running",
        "stage": "embedding",
        "done": 64,
        "total": 151,
        "attempts": 1,
        "error": "",
        "result": None,
        "cancel_requested_at": None,
    }


def test_the_list_holds_the_users_own_newest_first_in_pages(signed_in, author, stranger):
    jobs = [make_job(author) for _ in range(3)]
    make_job(stranger)

    body = signed_in.get("/api/v1/jobs?limit=2").json()

    assert [row["id"] for row in body["data"]] == [str(jobs[2].pk), str(jobs[1].pk)]
    assert body["metadata"]["pagination"] == {"limit": 2, "offset": 0, "total": 3}


def test_the_list_can_be_narrowed(signed_in, author):
    running = make_job(author, status=JobStatus.RUNNING)
    make_job(author, status=JobStatus.DONE)
    other = make_job(author, kind="other")

    assert [row["id"] for row in signed_in.get("/api/v1/jobs?status=running").json()["data"]] == [str(running.pk)]
    assert [row["id"] for row in signed_in.get("/api/v1/jobs?kind=other").json()["data"]] == [str(other.pk)]
    assert signed_in.get("/api/v1/jobs?kind=other&status=done").json()["data"] == []


@pytest.mark.parametrize("query", ["status=finished", "status=", f"kind={'k' * 61}", "kind=%00", "limit=0", "offset=x"])
def test_a_filter_that_means_nothing_is_refused(signed_in, query):
    response = signed_in.get(f"/api/v1/jobs?{query}")

    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert response.json()["error"]["field"] == query.partition("=")[0]


def test_a_waiting_job_is_cancelled(signed_in, author):
    job = make_job(author)

    response = signed_in.post(f"/api/v1/jobs/{job.pk}/cancel")

    assert (response.status_code, response.json()["data"]["status"]) == (200, "cancelled")


def test_a_running_job_is_asked_to_end(signed_in, author):
    job = make_job(author, status=JobStatus.RUNNING)

    response = signed_in.post(f"/api/v1/jobs/{job.pk}/cancel")

    assert (response.status_code, response.json()["data"]["status"]) == (200, "running")
    assert response.json()["data"]["cancel_requested_at"]


def test_a_failed_job_is_tried_again(api, curator):
    job = make_job(curator, status=JobStatus.FAILED, error="No.")

    response = api(curator).post(f"/api/v1/jobs/{job.pk}/retry")

    assert response.status_code == 202
    assert (response.json()["data"]["status"], response.json()["data"]["error"]) == ("queued", "")


@pytest.mark.parametrize(
    ("status", "verb"),
    [
        ("done", "cancel"),
        ("failed", "cancel"),
        ("cancelled", "cancel"),
        ("queued", "retry"),
        ("running", "retry"),
        ("done", "retry"),
    ],
)
def test_what_does_not_go_with_its_state_is_a_conflict(signed_in, author, status, verb):
    job = make_job(author, status=status)

    response = signed_in.post(f"/api/v1/jobs/{job.pk}/{verb}")

    assert (response.status_code, response.json()["error"]["code"]) == (409, "CONFLICT")
    job.refresh_from_db()
    assert job.status == status


@pytest.mark.parametrize("who", ["stranger", "administrator"])
def test_another_users_job_and_a_missing_one_look_the_same(who, client, author, request):
    client.force_login(request.getfixturevalue(who))
    job = make_job(author, status=JobStatus.FAILED)

    assert client.get("/api/v1/jobs").json()["data"] == []
    for method, verb in (("get", ""), ("post", "/cancel"), ("post", "/retry")):
        answers = [getattr(client, method)(f"/api/v1/jobs/{key}{verb}") for key in (job.pk, MISSING)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json()["error"] == answers[1].json()["error"]
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED


@pytest.mark.parametrize("path", ["jobs", f"jobs/{MISSING}", f"jobs/{MISSING}/cancel", f"jobs/{MISSING}/retry"])
def test_nobody_looks_without_signing_in(client, path):
    method = client.post if path.endswith(("cancel", "retry")) else client.get

    assert method(f"/api/v1/{path}").status_code == 401


def test_a_user_without_a_role_is_refused(client, newcomer):
    client.force_login(newcomer)

    assert client.get("/api/v1/jobs").status_code == 403


def test_more_jobs_take_no_more_queries(signed_in, author):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            signed_in.get("/api/v1/jobs")
        return len(captured)

    make_job(author)
    queries()
    few = queries()
    for _ in range(10):
        make_job(author)

    assert queries() == few
