from __future__ import annotations

import pytest

from voiceassist.console import health
from voiceassist.core import worker_heartbeat

pytestmark = pytest.mark.django_db
HEALTHY = {
    "database": "ok",
    "redis": "ok",
    "revocation": "ok",
    "worker": "ok",
    "virus_scanner": "not configured",
    "model": "not configured",
}


@pytest.fixture(autouse=True)
def _a_worker_works():
    """Nothing that an earlier test found out is kept, and a worker has just given a sign of life."""
    health.forget()
    worker_heartbeat.beat()


@pytest.mark.parametrize("path", ["/health", "/health/", "/health/ready", "/health/ready/"])
def test_a_healthy_server_is_ready(client, path):
    response = client.get(path)

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "parts": HEALTHY}


def test_a_process_that_serves_is_alive(client):
    assert client.get("/health/live").json() == {"status": "ok"}


def test_redis_that_is_gone_is_named(client, settings, unused_tcp_port):
    settings.REDIS_URL = f"redis://:secret@127.0.0.1:{unused_tcp_port}/0"

    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    parts = response.json()["parts"]
    assert parts["redis"] == ("unavailable (ConnectionError): questions cannot be answered; sign-in and reading work")
    assert parts["revocation"].startswith("degraded: the list of revoked tokens cannot be read")
    assert parts["worker"].startswith("unavailable (ConnectionError)")
    assert "secret" not in response.content.decode()


def test_a_browser_is_sent_to_the_application_and_a_program_is_told_what_this_is(client):
    assert client.get("/", headers={"accept": "text/html"}).headers["Location"] == "/app/"
    assert client.get("/", headers={"accept": "application/json"}).json()["service"] == "VoiceAssist"


def test_the_strict_policy_is_loosened_on_the_console_only(client, curator):
    client.force_login(curator)
    strict = client.get("/app/login/").headers["Content-Security-Policy"]
    console = client.get("/console/").headers["Content-Security-Policy"]

    assert "unsafe" not in strict
    assert "frame-ancestors 'none'" in strict
    assert "'unsafe-eval'" in console
    assert "frame-ancestors 'none'" in console
