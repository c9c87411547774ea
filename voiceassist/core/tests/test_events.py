"""What a user's open pages are told, through the real channel layer."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import fields
from typing import get_args

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import get_channel_layer
from django.db import connections, transaction
from django.utils import timezone

from voiceassist.core import events, groups
from voiceassist.core.jobs import cancel_job, fail_job, report_progress, run_job
from voiceassist.core.models import Job, JobStatus, Notification
from voiceassist.core.notifications import notify

SAMPLES = [
    events.JobProgress(uuid.uuid4(), "embedding", 64, 151),
    events.JobDone(uuid.uuid4(), {"document": uuid.uuid4(), "at": timezone.now(), "passages": 7}),
    events.JobDone(uuid.uuid4(), None),
    events.JobFailed(uuid.uuid4(), "The file is damaged."),
    events.JobCancelled(uuid.uuid4()),
    events.Notified.of(Notification(user_id=uuid.uuid4(), kind="job.done", title="Indexing finished")),
]


@pytest.fixture(scope="module", autouse=True)
def _no_connection_of_another_thread_is_left(django_db_setup, django_db_blocker):
    """Let go of the pool's connections, or the test database cannot be dropped."""
    yield
    with django_db_blocker.unblock():
        connections["default"].close_pool()


@pytest.fixture(autouse=True)
async def _threads_give_their_connections_back():
    yield
    await sync_to_async(connections.close_all)()


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.type)
def test_every_event_survives_json(event):
    frame = events.as_frame(event)

    assert frame["type"] == event.type
    assert set(frame) == {"type", *(field.name for field in fields(event))}
    assert json.loads(json.dumps(frame)) == frame


def test_every_kind_of_event_is_among_the_samples():
    assert {type(event) for event in SAMPLES} == set(get_args(events.Event))


class Ear:
    """Hears what one user's group is told."""

    def __init__(self, user_id):
        self.layer, self.group = get_channel_layer(), events.group_of(user_id)

    async def __aenter__(self):
        self.channel = await self.layer.new_channel()
        await self.layer.group_add(self.group, self.channel)
        return self

    async def __aexit__(self, *_):
        await self.layer.group_discard(self.group, self.channel)

    async def hears(self):
        """Return the frames told until now."""
        await self.layer.send(self.channel, {"type": "end"})
        frames = []
        while (message := await self.layer.receive(self.channel))["type"] != "end":
            frames.append(message["frame"])
        return frames


def make_job(owner, **more):
    return Job.objects.create(kind="k", subject_id=uuid.uuid4(), owner_id=owner.pk, **more)


@pytest.mark.django_db(transaction=True)
async def test_a_job_tells_its_owner_how_it_goes_and_how_it_ends(author):
    def work(job):
        report_progress(job, stage="embedding", done=1, total=2)
        return {"passages": 2}

    job = await sync_to_async(make_job)(author)
    async with Ear(author.pk) as ear:
        await sync_to_async(run_job)(job_id=job.pk, work=work)
        frames = await ear.hears()

    told = [(frame["type"], frame.get("stage"), frame.get("done")) for frame in frames]
    assert told == [
        ("job.progress", "", 0),
        ("job.progress", "embedding", 1),
        ("notification", None, None),
        ("job.done", None, None),
    ]
    assert {frame["job"] for frame in frames} == {str(job.pk)}
    assert frames[-1]["result"] == {"passages": 2}
    assert frames[-2]["title"] == "Background work finished"


@pytest.mark.django_db(transaction=True)
async def test_failures_and_cancellations_are_told(author):
    async with Ear(author.pk) as ear:
        await sync_to_async(lambda: fail_job(make_job(author), error="No."))()
        await sync_to_async(lambda: cancel_job(make_job(author)))()
        frames = await ear.hears()

    assert [frame["type"] for frame in frames] == ["notification", "job.failed", "job.cancelled"]
    assert frames[1]["error"] == "No."


@pytest.mark.django_db(transaction=True)
async def test_nobody_else_hears_it(author, stranger):
    async with Ear(stranger.pk) as ear:
        await sync_to_async(lambda: fail_job(make_job(author), error="No."))()

        assert await ear.hears() == []


@pytest.mark.django_db(transaction=True)
async def test_nothing_is_told_of_what_was_not_committed(author):
    def undone():
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            notify(user_id=author.pk, kind="test", title="Never")
            raise ZeroDivisionError

    async with Ear(author.pk) as ear:
        await sync_to_async(undone)()
        assert await ear.hears() == []


@pytest.mark.django_db(transaction=True)
async def test_a_job_of_ten_thousand_steps_does_not_flood_its_owner(author):
    def work(job):
        for step in range(10_000):
            report_progress(job, stage="embedding", done=step, total=10_000)

    job = await sync_to_async(make_job)(author)
    async with Ear(author.pk) as ear:
        await sync_to_async(run_job)(job_id=job.pk, work=work)
        frames = await ear.hears()

    assert 0 < sum(frame["type"] == "job.progress" for frame in frames) < 50
    assert frames[-1]["type"] == "job.done"


@pytest.mark.django_db(transaction=True)
def test_a_worker_without_an_event_loop_tells_it_too(author):
    def in_a_worker():
        fail_job(make_job(author), error="No.")
        connections.close_all()

    async def heard(ear):
        async with ear:
            await asyncio.to_thread(in_a_worker)
            return await ear.hears()

    assert len(async_to_sync(heard)(Ear(author.pk))) == 2


@pytest.mark.django_db(transaction=True)
def test_a_job_goes_on_when_redis_is_down(author, settings, unused_tcp_port):
    address = f"redis://127.0.0.1:{unused_tcp_port}/0"
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [address]}}
    }
    lost = events.EVENTS_LOST.labels("job.done")._value.get()
    job = make_job(author)

    run_job(job_id=job.pk, work=lambda job: report_progress(job, stage="embedding", done=1, total=2))

    job.refresh_from_db()
    assert job.status == JobStatus.DONE
    assert Notification.objects.filter(user_id=author.pk, job=job).exists()
    assert events.EVENTS_LOST.labels("job.done")._value.get() == lost + 1


@pytest.mark.django_db(transaction=True)
def test_a_redis_that_does_not_answer_holds_nothing_up(author, monkeypatch):
    class Silent:
        async def group_send(self, _group, _message):
            await asyncio.Event().wait()

    monkeypatch.setattr(groups, "get_channel_layer", Silent)
    monkeypatch.setattr(groups, "TELL_WITHIN", 0.01)

    fail_job(make_job(author), error="No.")

    assert Job.objects.get().status == JobStatus.FAILED
