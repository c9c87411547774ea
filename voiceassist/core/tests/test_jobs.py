"""Background work: its row, its moves, its task on the real broker."""

from __future__ import annotations

import threading
import uuid
from contextlib import suppress
from datetime import timedelta

import pytest
from celery import Signature, current_app
from django.db import connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from voiceassist.core import jobs
from voiceassist.core.errors import DomainError
from voiceassist.core.job_kinds import JobKind, declare, declared, kind_of
from voiceassist.core.jobs import (
    JobCancelled,
    JobHasEnded,
    JobNotRetryable,
    cancel_job,
    check_not_cancelled,
    fail_job,
    finish_job,
    redeliver_unfinished,
    report_progress,
    retry_job,
    run_job,
    start_job,
)
from voiceassist.core.models import Job, JobStatus, Notification

KIND = "knowledge.index_document"
ENDED = [JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED]


class Killed(BaseException):
    """The worker is gone: nothing of its own runs after that."""


def make_job(**fields) -> Job:
    return Job.objects.create(**{"kind": KIND, "subject_id": uuid.uuid4(), **fields})


@pytest.fixture
def queue():
    """A queue of its own on the real broker, and the function that counts what waits in it."""
    name = f"test-{uuid.uuid4().hex}"
    current_app.conf.task_always_eager = False
    with current_app.connection_for_write() as broker:
        yield name, lambda: broker.default_channel.client.llen(name)
        broker.default_channel.client.delete(name)


@pytest.fixture
def sent(monkeypatch):
    """The messages that are queued; no worker takes them."""
    found = []

    def delay(message):
        found.append(message)

    monkeypatch.setattr(Signature, "delay", delay)
    return found


@pytest.fixture
def task(monkeypatch):
    """Run as if inside a task, with this message."""

    class Request:
        delivery_info = {"redelivered": False}
        headers = None

    class Task:
        request = Request()

    monkeypatch.setattr(jobs, "current_task", Task)
    return Request


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
def test_a_job_is_queued_only_once_its_row_is_committed(sent):
    with transaction.atomic():
        start_job(kind=KIND, subject_id=uuid.uuid4(), owner_id=None)
        assert sent == []
    assert [message.task for message in sent] == [KIND]

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        start_job(kind=KIND, subject_id=uuid.uuid4(), owner_id=None)
        raise ZeroDivisionError
    assert len(sent) == 1


@pytest.mark.django_db(transaction=True)
def test_a_job_that_cannot_be_queued_fails_in_words_and_can_be_tried_again(curator, monkeypatch, sent):
    def no_broker(_message):
        raise OperationalError("Error 111 connecting to 127.0.0.1:6379.")

    with monkeypatch.context() as patched:
        patched.setattr(Signature, "delay", no_broker)
        job = start_job(kind=KIND, subject_id=uuid.uuid4(), owner_id=curator.pk)

    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert "queue cannot be reached" in job.error
    assert "127" not in job.error
    retry_job(job)
    assert len(sent) == 1


# --- Running ----------------------------------------------------------------------


@pytest.mark.django_db
def test_work_that_ends_well_leaves_its_result():
    job = make_job()

    run_job(job_id=job.pk, work=lambda _job: {"passages": 7, "document": uuid.UUID(int=1)})

    job.refresh_from_db()
    assert (job.status, job.attempts, job.error) == (JobStatus.DONE, 1, "")
    assert job.result == {"passages": 7, "document": str(uuid.UUID(int=1))}


@pytest.mark.django_db
def test_work_that_ends_badly_says_why_in_its_own_words():
    def refuses(_job):
        raise DomainError("The file is damaged.")

    job = make_job()
    run_job(job_id=job.pk, work=refuses)

    job.refresh_from_db()
    assert (job.status, job.error) == (JobStatus.FAILED, "The file is damaged.")


@pytest.mark.django_db
@pytest.mark.parametrize("result", [{1, 2}, {"x": object()}])
def test_a_result_that_cannot_be_kept_fails_the_job(result):
    job = make_job()
    with pytest.raises(TypeError):
        run_job(job_id=job.pk, work=lambda _job: result)

    job.refresh_from_db()
    assert job.status == JobStatus.FAILED


@pytest.mark.django_db
def test_an_unexpected_error_is_raised_and_keeps_its_words_to_itself():
    def breaks(_job):
        raise RuntimeError("the patient's name")

    job = make_job()
    with pytest.raises(RuntimeError):
        run_job(job_id=job.pk, work=breaks)

    job.refresh_from_db()
    assert job.error == "Indexing stopped on an unexpected error. The log has the details; try again."


@pytest.mark.django_db
@pytest.mark.parametrize("status", ENDED)
def test_a_job_that_ended_does_not_run(status):
    ran = []
    job = make_job(status=status)

    run_job(job_id=job.pk, work=ran.append)

    job.refresh_from_db()
    assert (job.status, ran) == (status, [])


@pytest.mark.django_db
def test_a_job_ends_as_done_or_failed_with_a_reason_and_stays_so():
    failed, done = make_job(), make_job()

    fail_job(failed, error="The file is damaged.")
    finish_job(failed)
    finish_job(done, result={"passages": 7})
    fail_job(done, error="Too late.")

    failed.refresh_from_db()
    done.refresh_from_db()
    assert (failed.status, failed.error, failed.result) == (JobStatus.FAILED, "The file is damaged.", None)
    assert (done.status, done.error, done.result) == (JobStatus.DONE, "", {"passages": 7})


@pytest.mark.django_db
def test_work_whose_worker_dies_each_time_is_given_up_and_counted_from_anew_when_tried_again(task, sent):
    starts = []

    def deadly(_job):
        starts.append(1)
        raise Killed

    job = make_job()
    for _ in range(5):
        with suppress(Killed):
            run_job(job_id=job.pk, work=deadly)
        task.delivery_info = {"redelivered": True}

    job.refresh_from_db()
    assert (len(starts), job.status, job.attempts) == (3, JobStatus.FAILED, 4)
    assert "begun 3 times" in job.error

    retry_job(job)
    task.delivery_info, task.headers = {"redelivered": False}, {"begun": job.attempts}
    run_job(job_id=job.pk, work=lambda _job: None)
    job.refresh_from_db()
    assert (job.status, job.attempts) == (JobStatus.DONE, 5)


@pytest.mark.django_db
def test_a_second_message_does_not_start_a_second_run_but_the_message_of_a_killed_worker_does(task):
    ran = []
    job = make_job(status=JobStatus.RUNNING)

    run_job(job_id=job.pk, work=ran.append)
    assert ran == []

    task.delivery_info = {"redelivered": True}
    run_job(job_id=job.pk, work=ran.append)
    assert len(ran) == 1


# --- Progress ----------------------------------------------------------------------


@pytest.mark.django_db
def test_progress_is_in_the_row():
    job = make_job(status=JobStatus.RUNNING)

    report_progress(job, stage="embedding", done=64, total=151)

    job.refresh_from_db()
    assert (job.stage, job.done, job.total) == ("embedding", 64, 151)


@pytest.mark.django_db
def test_progress_of_every_step_costs_no_query_for_every_step(django_assert_max_num_queries):
    job = make_job(status=JobStatus.RUNNING)

    with django_assert_max_num_queries(60):
        for step in range(2000):
            report_progress(job, stage="embedding", done=step, total=2000)


@pytest.mark.django_db
@pytest.mark.parametrize("status", ENDED)
def test_progress_that_comes_late_changes_nothing(status):
    job = make_job(status=status)

    report_progress(Job(pk=job.pk, owner_id=job.owner_id), stage="embedding", done=64, total=151)

    job.refresh_from_db()
    assert (job.status, job.stage, job.done) == (status, "", 0)


# --- Cancelling ----------------------------------------------------------------------


@pytest.mark.django_db
def test_a_waiting_job_is_cancelled_at_once_and_its_message_does_nothing():
    ran = []
    job = make_job()

    cancel_job(job)
    run_job(job_id=job.pk, work=ran.append)

    job.refresh_from_db()
    assert (job.status, ran) == (JobStatus.CANCELLED, [])


@pytest.mark.django_db
def test_a_running_job_ends_at_its_next_check():
    passed = []

    def work(job):
        check_not_cancelled(job)
        passed.append("before")
        cancel_job(Job.objects.get(pk=job.pk))
        assert Job.objects.get(pk=job.pk).status == JobStatus.RUNNING
        check_not_cancelled(job)
        passed.append("after")

    job = make_job()
    run_job(job_id=job.pk, work=work)

    job.refresh_from_db()
    assert (job.status, passed) == (JobStatus.CANCELLED, ["before"])
    assert not Notification.objects.exists()


@pytest.mark.django_db
def test_work_that_was_nearly_done_when_it_was_cancelled_is_done():
    job = make_job()

    run_job(job_id=job.pk, work=lambda job: cancel_job(Job.objects.get(pk=job.pk)))

    job.refresh_from_db()
    assert job.status == JobStatus.DONE


@pytest.mark.django_db
def test_cancelling_again_changes_nothing():
    job = make_job(status=JobStatus.RUNNING)
    cancel_job(job)
    first = job.cancel_requested_at

    cancel_job(job)

    assert first is not None
    assert Job.objects.get().cancel_requested_at == first


@pytest.mark.django_db
@pytest.mark.parametrize("status", ENDED)
def test_a_job_that_ended_cannot_be_cancelled(status):
    stale = make_job(status=JobStatus.RUNNING)
    Job.objects.update(status=status)

    with pytest.raises(JobHasEnded):
        cancel_job(stale)
    job = Job.objects.get()
    assert (job.status, job.cancel_requested_at) == (status, None)


@pytest.mark.django_db
def test_a_job_whose_worker_is_long_gone_is_cancelled_at_once():
    job = make_job(status=JobStatus.RUNNING)
    Job.objects.update(updated_at=timezone.now() - timedelta(hours=7))

    cancel_job(job)

    assert Job.objects.get().status == JobStatus.CANCELLED
    with pytest.raises(JobCancelled):
        check_not_cancelled(job)


@pytest.mark.django_db
def test_a_worker_that_was_killed_before_it_saw_the_wish_obeys_it_when_it_comes_back():
    ran = []
    job = make_job(status=JobStatus.RUNNING, cancel_requested_at=timezone.now())

    run_job(job_id=job.pk, work=ran.append)

    job.refresh_from_db()
    assert (job.status, ran) == (JobStatus.CANCELLED, [])


# --- Trying again ----------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED])
def test_a_job_that_failed_or_was_cancelled_is_queued_anew_in_the_same_row(status, sent):
    job = make_job(status=status, error="No.", stage="embedding", attempts=2, cancel_requested_at=timezone.now())

    retry_job(job)

    job.refresh_from_db()
    assert (job.status, job.stage, job.error, job.cancel_requested_at) == (JobStatus.QUEUED, "", "", None)
    assert job.attempts == 2
    assert [(message.task, message.kwargs) for message in sent] == [(KIND, {"job_id": str(job.pk)})]


@pytest.mark.django_db
@pytest.mark.parametrize("status", [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.DONE])
def test_other_jobs_cannot_be_tried_again(status, sent):
    stale = make_job(status=JobStatus.FAILED)
    Job.objects.update(status=status)

    with pytest.raises(JobNotRetryable):
        retry_job(stale)
    assert (Job.objects.get().status, sent) == (status, [])


def at_once(*works) -> list[Exception | None]:
    """Run the functions at the same moment, each on a connection of its own; return what each raised."""
    start, raised = threading.Barrier(len(works), timeout=20), [None] * len(works)

    def run(number, work):
        try:
            connection.ensure_connection()
            start.wait()
            work()
        except Exception as error:  # noqa: BLE001
            raised[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
def test_of_two_tries_at_once_one_starts_a_run(sent):
    job = make_job(status=JobStatus.FAILED)

    raised = at_once(*[lambda: retry_job(Job.objects.get(pk=job.pk))] * 4)

    assert len(sent) == 1
    assert [type(error) for error in raised if error] == [JobNotRetryable] * 3


@pytest.mark.django_db(transaction=True)
def test_a_job_that_ends_while_it_is_cancelled_has_one_end():
    for _ in range(5):
        job = make_job(status=JobStatus.RUNNING)
        Job.objects.filter(pk=job.pk).update(updated_at=timezone.now() - timedelta(hours=7))
        ways = [lambda job=job: cancel_job(Job.objects.get(pk=job.pk)), lambda job=job: finish_job(job)]

        raised = at_once(*ways)

        job.refresh_from_db()
        assert job.status in {JobStatus.DONE, JobStatus.CANCELLED}
        assert (raised[0] is None) == (job.status == JobStatus.CANCELLED)


# --- Kinds ----------------------------------------------------------------------


@pytest.mark.django_db
def test_every_declared_kind_is_a_task_with_titles_and_a_path():
    current_app.loader.import_default_modules()
    assert declared()
    for kind in declared():
        job = make_job(kind=kind.name)
        assert kind.name in current_app.tasks
        assert kind.title
        assert kind.url(job).startswith("/") or kind.url(job) == ""
        for status in JobStatus.values:
            job.status = status
            jobs.follow(job)


@pytest.mark.django_db
def test_a_kind_that_is_not_declared_any_more_has_a_general_title():
    assert kind_of(Job(kind="voice.forgotten")).finished == "Background work finished"


def test_a_kind_is_declared_once():
    with pytest.raises(ValueError, match="twice"):
        declare(JobKind(KIND, title="Something else"))
