"""A real server whose database takes connections and never answers."""

import http.client
import os
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings as django_settings


@pytest.fixture(scope="module")
def port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgres://voiceassist@127.0.0.1:{silent.getsockname()[1]}/voiceassist"
        command = [sys.executable, "-m", "daphne", "-v", "0", "-p", str(port), "voiceassist.asgi:application"]
        environment = {**os.environ, "DATABASE_URL": url}
        with subprocess.Popen(command, cwd=django_settings.BASE_DIR, env=environment) as process:
            deadline = time.monotonic() + 60
            while not listens(port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield port
            process.kill()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def get(port, path, accept="text/html"):
    """Return status, text and how many seconds it took, of a browser that was signed in."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345", "Accept": accept})
    response = connection.getresponse()
    try:
        return response.status, response.read().decode(), time.monotonic() - began
    finally:
        connection.close()


def test_the_process_still_counts_as_alive(port):
    status, text, seconds = get(port, "/health/live")
    assert (status, text) == (200, '{"status": "ok"}')
    assert seconds < 2


def test_readiness_names_the_database_soon(port):
    status, text, seconds = get(port, "/health/ready")
    assert status == 503
    assert '"database": "unavailable (ConnectionTimeout)", "redis": "ok"' in text
    assert seconds < 4


def test_a_page_says_what_is_wrong(port):
    status, text, seconds = get(port, "/app/")
    assert status == 503
    assert "The database cannot be reached" in text
    assert seconds < 12


def test_a_program_is_told_so_too(port):
    status, text, _ = get(port, "/app/", accept="application/json")
    assert status == 503
    assert '"code": "INTERNAL_ERROR"' in text
