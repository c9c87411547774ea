"""Background work on the real broker."""

from __future__ import annotations

import uuid

import pytest
from celery import Signature, current_app
from django.db import transaction

from voiceassist.core.jobs import fail_job, finish_job, redeliver_unfinished, start_job
from voiceassist.core.models import Job, JobStatus


@pytest.fixture
def queue():
    """A queue of its own on the real broker, and the function that counts what waits in it."""
    name = f"test-{uuid.uuid4().hex}"
    current_app.conf.task_always_eager = False
    with current_app.connection_for_write() as broker:
        yield name, lambda: broker.default_channel.client.llen(name)
        broker.default_channel.client.delete(name)


def test_a_task_that_a_killed_worker_had_begun_is_delivered_again(queue):
    name, waiting = queue
    with current_app.connection_for_write() as broker:
        simple = broker.SimpleQueue(name)
        simple.put({"job": 1})
        simple.get(timeout=5)  # taken and never acknowledged
        simple.close()
        assert waiting() == 0

        redeliver_unfinished()

        assert waiting() == 1


@pytest.mark.django_db(transaction=True)
def test_a_job_is_queued_only_once_its_row_is_committed(monkeypatch):
    sent = []
    monkeypatch.setattr(Signature, "delay", lambda self: sent.append(self.task))

    with transaction.atomic():
        start_job(kind="knowledge.index_document", subject_id=uuid.uuid4(), owner_id=None)
        assert sent == []
    assert sent == ["knowledge.index_document"]

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        start_job(kind="knowledge.index_document", subject_id=uuid.uuid4(), owner_id=None)
        raise ZeroDivisionError
    assert len(sent) == 1


@pytest.mark.django_db
def test_a_job_ends_as_done_or_failed_with_a_reason_and_stays_so():
    failed, done = (Job.objects.create(kind="k", subject_id=uuid.uuid4()) for _ in range(2))

    fail_job(failed, error="The file is damaged.")
    finish_job(failed)
    finish_job(done, result={"passages": 7})
    fail_job(done, error="Too late.")

    failed.refresh_from_db()
    done.refresh_from_db()
    assert (failed.status, failed.error, failed.result) == (JobStatus.FAILED, "The file is damaged.", None)
    assert (done.status, done.error, done.result) == (JobStatus.DONE, "", {"passages": 7})
