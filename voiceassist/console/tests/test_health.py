from __future__ import annotations

import socketserver
import threading
import time
from types import SimpleNamespace

import pytest
import redis

from voiceassist.console import health, kept
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


def test_a_worker_that_gives_no_sign_of_life_is_missed(client, settings):
    with redis.Redis.from_url(settings.REDIS_URL) as connection:
        connection.delete(worker_heartbeat.KEY)

    response = client.get("/health/ready")

    assert response.status_code == 200
    assert response.json()["status"] == "degraded"
    assert response.json()["parts"] == HEALTHY | {
        "worker": "degraded: no background worker takes up work; what is queued waits"
    }


def test_a_database_without_its_tables_is_unavailable_whatever_else_works(client, monkeypatch):
    monkeypatch.setattr(health, "known_migrations", lambda: frozenset({("core", "9999_not_yet")}))

    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json()["status"] == "unavailable"
    assert response.json()["parts"]["database"] == "Migrations are missing. Run `manage.py migrate`."


def test_however_many_ask_each_part_is_asked_once(client, monkeypatch):
    asked, may_answer = [], threading.Event()

    def ask():
        asked.append(1)
        assert may_answer.wait(10)
        return "ok"

    for part in health.CHECKS:
        monkeypatch.setitem(health.CHECKS, part, ask)
    found = []
    asking = [threading.Thread(target=lambda: found.append(health.readiness().status)) for _ in range(20)]
    for one in asking:
        one.start()
    may_answer.set()
    for one in asking:
        one.join()

    assert (found, client.get("/health/ready").status_code) == (["ok"] * 20, 200)
    assert len(asked) == len(health.CHECKS)


def test_what_was_found_is_kept_for_no_longer_than_a_second(client, monkeypatch):
    now = time.monotonic()
    monkeypatch.setattr(kept, "time", SimpleNamespace(monotonic=lambda: now))
    assert client.get("/health/ready").json()["status"] == "ok"
    monkeypatch.setitem(health.CHECKS, "database", lambda: "unavailable (Stopped)")
    assert client.get("/health/ready").status_code == 200
    now += 1.01

    assert client.get("/health/ready").status_code == 503


class Scanner(socketserver.BaseRequestHandler):
    """Answers a PING as clamd does, or as told."""

    reply = b"PONG\0"
    asked = 0

    def handle(self):
        type(self).asked += 1
        assert self.request.recv(64) == b"zPING\0"
        self.request.sendall(self.reply)


@pytest.fixture
def scanner(settings):
    class Own(Scanner):
        pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Own) as server:
        settings.CLAMAV_HOST, settings.CLAMAV_PORT = server.server_address
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield Own
        server.shutdown()


def test_a_scanner_that_answers_is_fine_and_asked_once_for_many(client, scanner):
    for _ in range(3):
        assert client.get("/health/ready").json()["parts"]["virus_scanner"] == "ok"

    assert scanner.asked == 1


def test_a_scanner_that_answers_something_else_is_not(client, scanner):
    scanner.reply = b"UNKNOWN COMMAND\0"

    assert client.get("/health/ready").json()["parts"]["virus_scanner"] == (
        "unavailable (ConnectionError): uploads are refused"
    )


def test_a_scanner_that_is_gone_leaves_the_rest_usable(client, settings, unused_tcp_port):
    settings.CLAMAV_HOST, settings.CLAMAV_PORT = "127.0.0.1", unused_tcp_port

    response = client.get("/health/ready")

    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["parts"]["virus_scanner"] == "unavailable (ConnectionRefusedError): uploads are refused"


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
