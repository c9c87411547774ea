"""The list under the bell, as the server renders it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from voiceassist.core.jobs import fail_job, finish_job, retry_job
from voiceassist.core.models import Job, JobStatus
from voiceassist.core.notifications import notify

pytestmark = pytest.mark.django_db
ADDRESS = "/app/notifications/"


@pytest.fixture
def shown(client, curator):
    """Return what is under the curator's bell."""
    client.force_login(curator)

    def page():
        return client.get(ADDRESS).content.decode()

    return page


def make_job(owner, **fields) -> Job:
    fields = {"kind": "knowledge.index_document", "subject_id": uuid.uuid4(), "owner_id": owner.pk, **fields}
    return Job.objects.create(**fields)


def test_an_empty_list_says_what_will_be_there(shown):
    assert "Nothing to tell yet" in shown()


def test_work_under_way_shows_stage_and_count_and_can_be_cancelled(shown, curator):
    job = make_job(curator, status=JobStatus.RUNNING, stage="embedding", done=64, total=1510)

    page = shown()

    assert "Embedding · 64 of 1,510" in page
    assert '<progress class="bell-progress" max="1510" value="64"' in page
    assert f'data-post="/api/v1/jobs/{job.pk}/cancel"' in page


def test_work_that_waits_and_work_that_is_ending_say_so(shown, curator):
    make_job(curator)
    ending = make_job(curator, status=JobStatus.RUNNING, cancel_requested_at=timezone.now())

    page = shown()

    assert "Waiting to start" in page
    assert "Ending at its next step" in page
    assert f"{ending.pk}/cancel" not in page


def test_a_job_cancelled_a_moment_ago_can_be_tried_again_and_an_old_one_is_gone(shown, curator):
    fresh, old = (make_job(curator, status=JobStatus.CANCELLED) for _ in range(2))
    Job.objects.filter(pk=old.pk).update(updated_at=timezone.now() - timedelta(hours=2))

    page = shown()

    assert f"{fresh.pk}/retry" in page
    assert str(old.pk) not in page


def test_what_is_running_stands_above_what_waits_and_what_was_cancelled(shown, curator):
    running = make_job(curator, status=JobStatus.RUNNING)
    waiting = make_job(curator)
    cancelled = make_job(curator, status=JobStatus.CANCELLED)

    page = shown()

    places = [page.index(f'data-job="{job.pk}"') for job in (running, waiting, cancelled)]
    assert places == sorted(places)


def test_what_is_new_is_counted_and_can_be_read(shown, curator):
    finish_job(make_job(curator))
    row = notify(user_id=curator.pk, kind="test", title="<b>Careful</b>")

    page = shown()

    assert 'data-unread="2"' in page
    assert "Indexing finished" in page
    assert "&lt;b&gt;Careful" in page
    assert f"/api/v1/notifications/{row.pk}/read" in page


def test_a_failure_can_be_tried_again_once(shown, curator):
    job = make_job(curator)
    fail_job(job, error="“Smith John.pdf” is damaged.")
    assert f"{job.pk}/retry" in shown()
    assert "Smith" not in shown()

    retry_job(job)
    assert f"{job.pk}/retry" not in shown()


def test_nothing_of_anybody_else_is_there(shown, stranger):
    finish_job(make_job(stranger))
    make_job(stranger, status=JobStatus.RUNNING)

    assert "Nothing to tell yet" in shown()


def test_a_visitor_is_sent_to_sign_in(client):
    assert client.get(ADDRESS).headers["Location"].startswith("/app/login/")


def test_more_rows_take_no_more_queries(shown, curator):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            shown()
        return len(captured)

    finish_job(make_job(curator))
    make_job(curator)
    queries()
    few = queries()
    for _ in range(10):
        fail_job(make_job(curator), error="No.")
        make_job(curator, status=JobStatus.RUNNING)

    assert queries() == few


@pytest.mark.parametrize("path", ["/app/?new"])
def test_the_bell_is_in_the_bar(client, author, path):
    client.force_login(author)

    assert 'id="bell-button"' in client.get(path).content.decode()
