"""The real Celery application with one task that counts its starts and does not end: `celery -A`."""

import time

import redis
from django.conf import settings

from voiceassist.celery import app


@app.task(name="tests.slow")
def slow(*, counter):
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.incr(counter)
    time.sleep(600)
