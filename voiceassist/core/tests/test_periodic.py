import redis
import time_machine
from celery import current_app
from django.conf import settings
from django.utils import timezone

from voiceassist.core import periodic


def forget():
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter("voiceassist:hourly:*"):
            client.delete(key)


def test_each_task_is_queued_once_an_hour_among_all_workers(db):
    forget()
    with time_machine.travel(timezone.now().replace(minute=5), tick=False) as clock:
        assert periodic.queue_what_is_due() == settings.HOURLY_TASKS
        assert periodic.queue_what_is_due() == []
        clock.shift(3600)
        assert periodic.queue_what_is_due() == settings.HOURLY_TASKS
    forget()


def test_every_hourly_task_is_registered():
    current_app.loader.import_default_modules()
    assert set(settings.HOURLY_TASKS) <= set(current_app.tasks)


def test_without_redis_the_timer_goes_on(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert periodic.queue_what_is_due() == []
