"""Cookies that no server of ours ever set."""

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.module_loading import import_string

from voiceassist.asgi import application

SESSION, CSRF = django_settings.SESSION_COOKIE_NAME, django_settings.CSRF_COOKIE_NAME
HELD = [
    r'"aaaaaaaaaaaa\000"',  # quoted, as RFC 2109 had it: Django makes a NUL of it
    r'"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\000"',
    r'"\000\000\000\000\000\000\000\000"',
    r'"\377\376\355\240\200\200\200\200"',
    "\xed\xa0\x80" * 8,
    "\xff" * 32,
    "a" * 31 + "\n",
    "A" * 32,
    "a" * 33,
    "a" * 4000,
    "' or 1=1 --".ljust(32, "x"),
    '"',
    "",
]
PATHS = ["/", "/app/", "/app/login/", "/console/", "/api/v1/auth/me", "/api/v1/conversations", "/nowhere"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", [SESSION, CSRF, "messages", "theme"])
@pytest.mark.parametrize("held", HELD)
def test_a_cookie_that_holds_anything_is_no_fault_of_ours(name, held):
    client = Client(headers={"cookie": f"{name}={held}"})

    assert [path for path in PATHS if client.get(path).status_code >= 500] == []


@pytest.mark.django_db
@pytest.mark.parametrize("held", HELD)
def test_a_form_with_such_a_cookie_is_refused_or_taken(held):
    client = Client(enforce_csrf_checks=True, headers={"cookie": f"{CSRF}={held}; {SESSION}={held}"})

    assert client.post("/app/login/", {"csrfmiddlewaretoken": "\x00x"}).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/ws/events/", "/ws/chat/00000000-0000-4000-8000-000000000000/"])
@pytest.mark.parametrize("held", HELD)
async def test_a_socket_with_such_a_cookie_is_nobodys(path, held):
    cookie = f"{SESSION}={held}".encode("latin1")
    headers = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000"), (b"cookie", cookie)]
    socket = WebsocketCommunicator(application, path, headers)
    await socket.connect(timeout=5)

    assert await socket.receive_output(timeout=5) == {"type": "websocket.close", "code": 4401}
    await socket.disconnect()


@pytest.mark.django_db
def test_the_sessions_that_are_made_are_found_again(author):
    client = Client()
    client.force_login(author)
    key = client.cookies[SESSION].value

    store = import_string(f"{django_settings.SESSION_ENGINE}.SessionStore")
    assert store(key).session_key == key
    assert Session.objects.filter(session_key=key).exists()
    assert client.get("/api/v1/auth/me").status_code == 200
