from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from voiceassist.core import notifications
from voiceassist.core.jobs import fail_job, finish_job, retry_job
from voiceassist.core.models import Job, Notification
from voiceassist.core.notifications import mark_all_read, mark_read, notify, sweep
from voiceassist.core.queries import unread_count

pytestmark = pytest.mark.django_db
KIND = "knowledge.index_document"


def tell(user, title="Something happened", **more) -> Notification:
    return notify(user_id=user.pk, kind="test", title=title, **more)


def make_job(owner_id) -> Job:
    return Job.objects.create(kind=KIND, subject_id=uuid.uuid4(), owner_id=owner_id)


def test_the_owner_of_a_job_is_told_that_it_is_done_in_plain_english_and_where(curator):
    job = make_job(curator.pk)
    finish_job(job)

    row = Notification.objects.get()
    assert (row.user_id, row.job, row.kind) == (curator.pk, job, "job.done")
    assert (row.title, row.text) == ("Indexing finished", "")
    assert row.url == f"/console/knowledge/document/{job.subject_id}/change/"


def test_what_failed_is_told_without_a_word_of_what_it_was_about(curator):
    fail_job(make_job(curator.pk), error="“Smith John 1960-02-03.pdf” is damaged.")

    row = Notification.objects.get()
    assert (row.title, row.kind) == ("Indexing failed", "job.failed")
    assert "Smith" not in row.title + row.text + row.url


def test_nobody_is_told_of_a_job_that_nobody_asked_for():
    finish_job(make_job(None))

    assert not Notification.objects.exists()


def test_a_failure_is_read_once_its_job_is_tried_again(curator):
    job = make_job(curator.pk)
    fail_job(job, error="No.")
    retry_job(job)

    assert unread_count(curator.pk) == 0


@pytest.mark.parametrize("url", ["https://evil.test/", "//evil.test/", "/\\evil.test/", "javascript:alert(1)", "app/"])
def test_a_notification_leads_to_a_path_of_ours_only(author, url):
    with pytest.raises(ValueError, match="path of ours"):
        tell(author, url=url)


def test_reading_counts_the_first_time(author):
    row = tell(author)
    assert unread_count(author.pk) == 1

    mark_read(row)
    first = row.read_at
    mark_read(row)

    row.refresh_from_db()
    assert first is not None
    assert row.read_at == first
    assert unread_count(author.pk) == 0


def test_reading_all_reads_the_users_own_only(author, stranger):
    for user in (author, author, stranger):
        tell(user)

    assert mark_all_read(user_id=author.pk) == 2
    assert mark_all_read(user_id=author.pk) == 0
    assert unread_count(stranger.pk) == 1


def test_lines_are_kept_for_ninety_days(author, stranger):
    now = timezone.now()
    for user in (author, stranger):
        for days in (89, 91):
            Notification.objects.filter(pk=tell(user).pk).update(created_at=now - timedelta(days=days))

    tell(author)  # the author's own are swept on the way
    assert Notification.objects.filter(user_id=author.pk).count() == 2
    assert Notification.objects.filter(user_id=stranger.pk).count() == 2

    assert sweep(now=now) == 1
    assert notifications.notifications_of(stranger.pk).count() == 1
