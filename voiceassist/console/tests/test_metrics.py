"""What `/metrics` shows, to whom, and that it adds up what several processes counted."""

import subprocess
import sys

import pytest
from django.conf import settings as django_settings
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from voiceassist.console.exposition import exposition

TOKEN = "correct-horse-battery"
COUNTS = """
import sys
from voiceassist.core.metrics import REQUESTS, REQUEST_SECONDS, SOCKETS_OPEN
for _ in range(int(sys.argv[1])):
    REQUESTS.labels("GET", "app/login/", 200).inc()
    REQUEST_SECONDS.labels("GET", "app/login/").observe(0.02)
SOCKETS_OPEN.labels("ws/chat/").inc(int(sys.argv[1]))
print("counted", flush=True)
sys.stdin.read()
"""


def shown(text):
    """Return each sample's value by its name and labels."""
    families = text_string_to_metric_families(text.decode())
    return {(one.name, *sorted(one.labels.items())): one.value for family in families for one in family.samples}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"x-forwarded-for": "10.0.0.9"}, 401),
        ({"x-forwarded-for": "10.0.0.9", "authorization": f"Bearer {TOKEN}"}, 200),
        ({"x-forwarded-for": "10.0.0.9", "authorization": f"bearer {TOKEN}"}, 200),
        ({"x-forwarded-for": "10.0.0.9", "authorization": f"Basic {TOKEN}"}, 401),
        ({"x-forwarded-for": "10.0.0.9", "authorization": f"Bearer {TOKEN}x"}, 401),
        ({"x-forwarded-for": "10.0.0.9", "authorization": "Bearer "}, 401),
    ],
)
def test_metrics_are_shown_to_this_machine_and_to_who_knows_the_token(client, settings, headers, status):
    settings.METRICS_TOKEN = TOKEN

    assert client.get("/metrics", headers=headers).status_code == status


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer "}, {"authorization": "Bearer"}])
def test_without_a_token_nobody_elsewhere_sees_them(client, settings, headers):
    settings.METRICS_TOKEN = ""

    answer = client.get("/metrics", headers=headers, REMOTE_ADDR="10.0.0.9")

    assert answer.status_code == 401
    assert b"voiceassist_" not in answer.content


def test_they_are_shown_whatever_the_host_header_and_while_the_database_is_down(client):
    answer = client.get("/metrics", headers={"host": "web:8000"})

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert b"voiceassist_cache_unavailable_total" in answer.content


def test_they_cannot_be_written(client):
    assert client.post("/metrics").status_code == 405


@pytest.fixture
def process(tmp_path, monkeypatch):
    """Start a process that counts so often, and stays."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    started = []

    def start(times):
        command = [sys.executable, "-c", COUNTS, str(times)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        started.append(subprocess.Popen(command, cwd=django_settings.BASE_DIR, **pipes))
        assert started[-1].stdout.readline() == b"counted\n"
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


REQUESTS = ("voiceassist_http_requests_total", ("method", "GET"), ("route", "app/login/"), ("status", "200"))
TOOK_20_MS = ("voiceassist_http_request_duration_seconds_bucket", ("le", "0.025"), *REQUESTS[1:3])
OPEN = ("voiceassist_sockets_open", ("route", "ws/chat/"))


def test_what_several_processes_counted_is_added_up(process, client):
    process(2)
    process(3)

    found = shown(client.get("/metrics").content)

    assert (found[REQUESTS], found[TOOK_20_MS], found[OPEN]) == (5, 5, 5)


def test_of_a_process_that_ended_only_what_is_over_counts(process):
    process(2)
    ended = process(3)
    ended.kill()
    ended.wait()

    found = shown(exposition())

    assert (found[REQUESTS], found[OPEN]) == (5, 2)


def test_every_metric_of_ours_has_a_name_that_prometheus_would_give():
    ours = [metric for metric in REGISTRY.collect() if metric.name.startswith("voiceassist_")]
    assert len(ours) >= 12
    for metric in ours:
        assert metric.documentation.endswith(".")
        if metric.type == "histogram":
            assert metric.name.endswith("_seconds"), metric.name
    for metric in ours:
        for sample in metric.samples:
            assert not {"user", "user_id", "path", "query", "id"} & set(sample.labels), metric.name
