from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/health", "/health/", "/health/ready", "/health/ready/"])
def test_a_healthy_server_is_ready(client, path):
    response = client.get(path)

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "parts": {"database": "ok", "redis": "ok"}}


def test_a_process_that_serves_is_alive(client):
    assert client.get("/health/live").json() == {"status": "ok"}


def test_redis_that_is_gone_is_named(client, settings, unused_tcp_port):
    settings.REDIS_URL = f"redis://:secret@127.0.0.1:{unused_tcp_port}/0"

    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json()["parts"] == {"database": "ok", "redis": "unavailable (ConnectionError)"}
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
