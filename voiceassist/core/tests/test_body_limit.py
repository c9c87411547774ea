import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import jwt
import pytest
from django.conf import settings as django_settings

from voiceassist.core.body_limit import SMALL, BodyLimit, Uploads

UPLOAD = "/console/knowledge/document/add/"
API_UPLOAD = "/api/v1/admin/kb/documents"
FORM = (b"content-type", b"multipart/form-data; boundary=x")
SIGNED_IN = [FORM, (b"cookie", b"theme=dark; sessionid=mine")]
BEARER = [FORM, (b"authorization", b"Bearer mine")]
asked = []


async def is_mine(*, session_key, bearer):
    asked.append((session_key, bearer))
    return "mine" in {session_key, bearer}


UPLOADS = Uploads(frozenset({UPLOAD, API_UPLOAD}), is_mine)


@pytest.fixture(autouse=True)
def nobody_asked():
    asked.clear()


async def outcome(*bodies, path="/app/", headers=()):
    """Return the status and how many bytes the application read; None for one that was not asked."""
    sent, read = [], []

    async def application(_scope, receive, send):
        read.append(0)
        more = True
        while more:
            message = await receive()
            read[0] += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200})

    messages = [{"type": "http.request", "body": body, "more_body": True} for body in bodies]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": list(headers)}
    await BodyLimit(application, uploads=UPLOADS)(scope, receive, send)
    return sent[0]["status"], (read[0] if read else None)


async def test_the_api_says_what_is_too_large_in_its_envelope():
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"content-length", b"1000001"), (b"x-request-id", b"mine")]
    scope = {"type": "http", "path": "/api/chat/", "headers": headers}
    await BodyLimit(None, uploads=UPLOADS)(scope, None, send)

    answer = json.loads(sent[1]["body"])
    assert (sent[0]["status"], answer["success"], answer["error"]["code"]) == (413, False, "FILE_TOO_LARGE")
    assert answer["metadata"]["request_id"] == "mine"
    assert (b"x-request-id", b"mine") in sent[0]["headers"]


async def test_a_form_passes():
    assert await outcome(b"x" * SMALL) == (200, SMALL)


async def test_a_declared_length_is_refused_before_anything_is_read():
    assert await outcome(headers=[(b"content-length", b"1000001")]) == (413, None)


async def test_what_arrives_without_a_length_is_counted():
    assert await outcome(b"x" * 600_000, b"x" * 600_000) == (413, 600_000)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (UPLOAD, SIGNED_IN, 200),
        (UPLOAD, [], 413),
        ("/app/", SIGNED_IN, 413),
        (UPLOAD, [FORM, (b"cookie", b"a=sessionid")], 413),
        (UPLOAD, [FORM, (b"cookie", b"sessionid=forged")], 413),
        (UPLOAD, [FORM, (b"cookie", b"a=b"), (b"cookie", b"sessionid=mine")], 200),
        (UPLOAD, SIGNED_IN[1:], 413),
        (UPLOAD, [(b"content-type", b"application/json"), *SIGNED_IN[1:]], 413),
        (API_UPLOAD, BEARER, 200),
        (API_UPLOAD, [FORM, (b"authorization", b"Bearer forged")], 413),
        (API_UPLOAD, [FORM, (b"authorization", b"Basic mine")], 413),
        (API_UPLOAD, [FORM, (b"authorization", b"Bearer")], 413),
        ("/api/admin/kb/documents/", BEARER, 200),
        ("/api/v1/chat", BEARER, 413),
        (API_UPLOAD, [], 413),
    ],
)
async def test_a_document_may_be_large_from_somebody_with_a_session(path, headers, status):
    assert (await outcome(b"x" * 5_000_000, path=path, headers=headers))[0] == status


async def test_nobody_is_asked_about_a_short_request():
    await outcome(b"x" * SMALL, path=UPLOAD, headers=SIGNED_IN)
    assert asked == []


async def test_a_long_request_is_asked_about_once():
    assert await outcome(*[b"x" * 600_000] * 5, path=UPLOAD, headers=SIGNED_IN) == (200, 3_000_000)
    assert asked == [("mine", "")]


async def test_a_declared_upload_of_a_stranger_is_refused_before_anything_is_read():
    headers = [FORM, (b"cookie", b"sessionid=forged"), (b"content-length", b"1000001")]
    assert await outcome(path=UPLOAD, headers=headers) == (413, None)


async def test_a_document_has_a_limit_too(settings):
    settings.LIBRARY_MAX_FILE_SIZE_MB = 1
    assert (await outcome(b"x" * 2_100_000, path=UPLOAD, headers=SIGNED_IN))[0] == 413


@pytest.fixture
def daphne():
    """A real daphne: its port, and a function that returns the most memory it ever had, in bytes."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "daphne", "-v", "0", "-p", str(port), "voiceassist.asgi:application"]
    environment = {**os.environ, "LIBRARY_MAX_FILE_SIZE_MB": "60"}
    with subprocess.Popen(command, cwd=django_settings.BASE_DIR, env=environment) as process:
        deadline = time.monotonic() + 60
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        status = Path(f"/proc/{process.pid}/status")
        yield port, lambda: 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
        process.kill()


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def token():
    """Return an access token that this server might have given."""
    now = time.time()
    ids = {name: str(uuid.uuid4()) for name in ("jti", "sub", "sid")}
    claims = {"iss": "voiceassist", "use": "access", "iat": now, "exp": now + 600, **ids}
    return jwt.encode(claims, django_settings.JWT_SECRET_KEY, algorithm="HS256")


def post_form(port, path, size, *, chunked=False, **credentials):
    """Post a multipart form of `size` bytes; return the status."""
    parts = [
        b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n',
        b"x" * size,
        b"\r\n--xyz--\r\n",
    ]
    headers = {"Content-Type": "multipart/form-data; boundary=xyz", **credentials}
    headers |= {} if chunked else {"Content-Length": str(sum(map(len, parts)))}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, iter(parts), headers, encode_chunked=chunked)
    try:
        return connection.getresponse().status
    finally:
        connection.close()


SIZE = 50_000_000


@pytest.mark.parametrize(
    ("path", "chunked", "credentials"),
    [
        ("/app/login/", False, {}),
        (UPLOAD, True, {}),
        (UPLOAD, False, {"Cookie": "sessionid=forged"}),
        (API_UPLOAD, True, {"Authorization": "Bearer forged"}),
    ],
)
def test_a_large_form_from_anybody_is_not_even_kept(daphne, path, chunked, credentials):
    port, most_memory = daphne
    before = most_memory()

    assert post_form(port, path, SIZE, chunked=chunked, **credentials) == 413
    assert most_memory() - before < SIZE / 2


@pytest.mark.parametrize("chunked", [False, True])
def test_an_upload_is_neither_parsed_on_the_event_loop_nor_held_many_times(daphne, chunked):
    port, most_memory = daphne
    before = most_memory()

    # no CSRF token: all of it reached Django
    assert post_form(port, UPLOAD, SIZE, chunked=chunked, Authorization=f"Bearer {token()}") == 403
    assert most_memory() - before < 3 * SIZE
