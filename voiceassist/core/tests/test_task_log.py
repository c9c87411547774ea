"""What a real worker writes, and what tasks in our own process leave behind."""

import json
import os
import re
import subprocess
import sys
import time

import pytest
import redis
import structlog
from celery import current_app
from django.conf import settings as django_settings
from prometheus_client import REGISTRY

from voiceassist.core import worker_heartbeat
from voiceassist.core.tests import failing_worker
from voiceassist.core.tests.failing_worker import PATIENT

COMMAND = ["-A", "voiceassist", "worker", "--include=voiceassist.core.tests.failing_worker"]
COMMAND += ["--pool=threads", "--concurrency=1"]
COMMAND += ["--loglevel=INFO", "--without-gossip", "--without-mingle"]


def counted(task, outcome):
    return REGISTRY.get_sample_value("voiceassist_tasks_total", {"task": task, "outcome": outcome}) or 0


def test_a_task_is_logged_by_name_id_time_and_outcome(lines):
    before = counted("tests.succeed", "success")

    failing_worker.succeed.delay(PATIENT)

    (line,) = lines()
    assert (line["event"], line["task"], line["outcome"]) == ("task_finished", "tests.succeed", "success")
    assert len(line["task_id"]) == 36
    assert line["duration_ms"] >= 0
    assert PATIENT not in json.dumps(line)
    assert counted("tests.succeed", "success") == before + 1


def test_what_a_request_bound_comes_back_after_its_task(lines):
    structlog.contextvars.bind_contextvars(request_id="abc-1", secret="of the request")

    failing_worker.succeed.delay(PATIENT)

    (line,) = lines()
    assert line["request_id"] == "abc-1"
    assert "secret" not in line
    assert structlog.contextvars.get_contextvars() == {"request_id": "abc-1", "secret": "of the request"}


@pytest.mark.parametrize("task", [failing_worker.fail, failing_worker.break_a_constraint])
def test_what_a_task_raised_is_told_without_its_words(lines, task):
    current_app.conf.task_eager_propagates = False

    task.delay(PATIENT)

    failed, finished = lines()
    assert failed["event"] == "task_failed"
    assert failed["task"] == task.name
    assert failed["exception"].splitlines()[-1].endswith("Error")
    assert f"in {task.name.removeprefix('tests.')}" in failed["exception"]
    assert finished["outcome"] == "failure"
    assert PATIENT not in json.dumps([failed, finished])
    assert structlog.contextvars.get_contextvars() == {}


@pytest.fixture
def broker():
    own = 11 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = re.sub(r"/0$", f"/{own}", django_settings.REDIS_URL)
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


def until(condition, *, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_worker_logs_no_word_of_a_patient_s_and_gives_a_sign_of_life(broker, tmp_path, settings):
    current_app.conf.task_always_eager = False
    structlog.contextvars.bind_contextvars(request_id="abc-1")
    with current_app.connection_for_write(broker) as connection:
        for name in ("succeed", "fail", "break_a_constraint", "try_again", "nobody_knows"):
            current_app.send_task(f"tests.{name}", args=[PATIENT], connection=connection, ignore_result=True)
    structlog.contextvars.clear_contextvars()
    settings.REDIS_URL = broker
    assert not worker_heartbeat.is_alive()

    log = tmp_path / "worker.log"
    environment = {**os.environ, "REDIS_URL": broker, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", *COMMAND],
            env=environment,
            cwd=django_settings.BASE_DIR,
            stdout=subprocess.DEVNULL,
            stderr=output,
        )
    try:
        until(lambda: log.read_text().count('"task_finished"') >= 5)
        until(lambda: "Received unregistered task of type KeyError." in log.read_text())
        assert worker_heartbeat.is_alive()
    finally:
        worker.terminate()
        worker.wait()

    written = log.read_text()
    assert "Jane" not in written
    assert "Roe" not in written
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    ended = {(line["task"], line["outcome"]) for line in lines if line["event"] == "task_finished"}
    assert ended == {
        ("tests.succeed", "success"),
        ("tests.fail", "failure"),
        ("tests.break_a_constraint", "failure"),
        ("tests.try_again", "retry"),
        ("tests.try_again", "failure"),
    }
    (retried,) = [line for line in lines if line["event"] == "task_retried"]
    assert retried["error"] == "ValueError"
    assert {line["request_id"] for line in lines if line["event"] == "task_finished"} == {"abc-1"}
    assert [line for line in lines if line["event"] == "task_failed" and line["exception"].endswith("ValueError")]
