"""Worker processes of their own on the embedded broker, in a database that no other test uses."""

import os
import re
import subprocess
import sys
import time
import uuid

import pytest
import redis
from django.conf import settings as django_settings

from voiceassist.celery import app

COMMAND = ["-A", "tests.slow_worker", "worker", "--pool=threads", "--concurrency=1"]
COMMAND += ["--loglevel=WARNING", "--without-gossip", "--without-mingle"]


@pytest.fixture
def broker():
    own = 7 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = re.sub(r"/0$", f"/{own}", django_settings.REDIS_URL)
    with redis.Redis.from_url(url, decode_responses=True) as client:
        client.flushdb()
        yield url, client
        client.flushdb()


@pytest.fixture
def start_worker(broker):
    started = []

    def start(**environment):
        variables = {**os.environ, "REDIS_URL": broker[0], **environment}
        started.append(
            subprocess.Popen([sys.executable, "-m", "celery", *COMMAND], env=variables, cwd=django_settings.BASE_DIR)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def comes_to(client, counter, number, *, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if int(client.get(counter) or 0) >= number:
            return True
        time.sleep(0.1)
    return False


def begin_and_kill(start_worker, url, client, **environment):
    """Queue a task, kill the worker in its midst, and return the counter of its starts."""
    counter = f"starts-{uuid.uuid4().hex}"
    app.conf.task_always_eager = False
    with app.connection_for_write(url) as connection:
        app.send_task("tests.slow", kwargs={"counter": counter}, connection=connection, ignore_result=True)
    worker = start_worker(**environment)
    assert comes_to(client, counter, 1, seconds=60)
    worker.kill()
    worker.wait()
    return counter


def test_the_next_worker_takes_up_what_a_killed_one_had_begun(broker, start_worker):
    url, client = broker
    counter = begin_and_kill(start_worker, url, client, EMBEDDED_SERVERS="postgres valkey")

    start_worker(EMBEDDED_SERVERS="postgres valkey")

    assert comes_to(client, counter, 2, seconds=60)


def test_with_a_broker_of_its_own_another_worker_may_have_it(broker, start_worker):
    url, client = broker
    counter = begin_and_kill(start_worker, url, client, EMBEDDED_SERVERS="")

    start_worker(EMBEDDED_SERVERS="postgres")

    assert not comes_to(client, counter, 2, seconds=6)
