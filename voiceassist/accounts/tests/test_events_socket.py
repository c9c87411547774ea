"""`/ws/events/`, as the server routes it."""

from __future__ import annotations

import asyncio
import json
import uuid

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client

from voiceassist.accounts import events_socket
from voiceassist.accounts.routing import websocket_urlpatterns
from voiceassist.core.jobs import fail_job
from voiceassist.core.models import Job
from voiceassist.core.notifications import notify
from voiceassist.core.same_origin import SameOriginMiddleware

pytestmark = pytest.mark.django_db(transaction=True)
application = SameOriginMiddleware(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))


@pytest.fixture(scope="module", autouse=True)
def _no_connection_of_another_thread_is_left(django_db_setup, django_db_blocker):
    """Let go of the pool's connections, or the test database cannot be dropped."""
    yield
    with django_db_blocker.unblock():
        connections["default"].close_pool()


@pytest.fixture(autouse=True)
async def _threads_give_their_connections_back():
    yield
    await sync_to_async(connections.close_all)()


def cookie_of(user) -> str:
    client = Client()
    client.force_login(user)
    return f"{django_settings.SESSION_COOKIE_NAME}={client.cookies[django_settings.SESSION_COOKIE_NAME].value}"


def token_of(user) -> str:
    body = {"email": user.email, "password": "correct horse battery"}
    response = Client().post("/api/v1/auth/login", body, content_type="application/json")
    return response.json()["data"]["access"]


class Page:
    """One open page of a user."""

    def __init__(self, **headers):
        headers = {"host": "localhost:8000", **headers}
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.socket = WebsocketCommunicator(application, "/ws/events/", headers=pairs)

    @classmethod
    async def of(cls, user):
        return cls(origin="http://localhost:8000", cookie=await sync_to_async(cookie_of)(user))

    async def __aenter__(self):
        connected, _ = await self.socket.connect(timeout=5)
        assert connected
        assert (await self.ask({"type": "ping"}))["type"] == "pong"  # accepted is not yet identified and joined
        return self

    async def __aexit__(self, *_):
        await self.socket.disconnect(timeout=10)

    async def receive(self):
        return await self.socket.receive_json_from(timeout=10)

    async def ask(self, frame):
        await self.socket.send_to(text_data=frame if isinstance(frame, str) else json.dumps(frame))
        return await self.receive()

    async def code(self):
        """Return the code that the server closes with."""
        while True:
            output = await self.socket.receive_output(timeout=10)
            if output["type"] == "websocket.close":
                return output["code"]


def make_job(user):
    return Job.objects.create(kind="knowledge.index_document", subject_id=uuid.uuid4(), owner_id=user.pk)


async def test_a_page_hears_what_becomes_of_its_users_jobs(curator):
    async with await Page.of(curator) as page:
        job = await sync_to_async(make_job)(curator)
        await sync_to_async(fail_job)(job, error="No.")
        notification, failed = await page.receive(), await page.receive()

    assert (notification["type"], notification["title"]) == ("notification", "Indexing failed")
    assert (failed["type"], failed["job"], failed["error"]) == ("job.failed", str(job.pk), "No.")
    assert failed["request_id"]


async def test_every_open_page_of_a_user_hears_it_and_nobody_elses_does(author, stranger):
    async with await Page.of(author) as one, await Page.of(author) as two, await Page.of(stranger) as other:
        await sync_to_async(notify)(user_id=author.pk, kind="test", title="Hello")

        assert [(await page.receive())["title"] for page in (one, two)] == ["Hello", "Hello"]
        assert (await other.ask({"type": "ping"}))["type"] == "pong"


async def test_a_program_listens_with_its_token(author):
    async with Page(authorization=f"Bearer {await sync_to_async(token_of)(author)}") as page:
        await sync_to_async(notify)(user_id=author.pk, kind="test", title="Hello")

        assert (await page.receive())["title"] == "Hello"


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer nonsense"}, {"authorization": "Basic eDp5"}])
async def test_a_stranger_to_the_house_is_closed_out(headers, db):
    page = Page(**headers)
    await page.socket.connect(timeout=5)

    assert await page.code() == 4401


@pytest.mark.parametrize("origin", ["http://evil.test", "null"])
async def test_a_page_of_another_origin_cannot_use_the_cookie(author, origin):
    page = Page(origin=origin, cookie=await sync_to_async(cookie_of)(author))
    connected, _ = await page.socket.connect(timeout=5)

    assert not connected


async def test_a_ping_is_answered(author):
    async with await Page.of(author) as page:
        assert await page.ask({"type": "ping", "request_id": "r1"}) == {"type": "pong", "request_id": "r1"}


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        ("{", "not valid JSON"),
        ("[" * 4000, "not valid JSON"),
        ("[]", "must be a JSON object"),
        ("x" * 5000, "at most 4 KiB"),
        ({}, "not understood"),
        ({"type": "job.cancel"}, "not understood"),
        ({"type": ["ping"]}, "not understood"),
        ({"type": "event.frame", "frame": {}}, "not understood"),
    ],
)
async def test_a_bad_frame_is_told_what_is_wrong_and_the_socket_stays(author, frame, why):
    async with await Page.of(author) as page:
        error = await page.ask(frame)

        assert (error["type"], error["code"]) == ("error", "VALIDATION_ERROR")
        assert why in error["message"]
        assert (await page.ask({"type": "ping", "request_id": "after"}))["request_id"] == "after"


async def test_a_binary_frame_is_refused(author):
    async with await Page.of(author) as page:
        await page.socket.send_to(bytes_data=b"\x00")

        assert "Only text frames" in (await page.receive())["message"]


async def test_a_request_id_that_is_not_well_formed_is_replaced(author):
    async with await Page.of(author) as page:
        assert (await page.ask({"type": "ping", "request_id": "<script>"}))["request_id"] != "<script>"


async def test_signing_out_closes_the_socket_and_nothing_is_heard_after_it(author):
    cookie = await sync_to_async(cookie_of)(author)
    async with Page(origin="http://localhost:8000", cookie=cookie) as page:
        client = Client(headers={"cookie": cookie})
        client.cookies[django_settings.SESSION_COOKIE_NAME] = cookie.partition("=")[2]
        await sync_to_async(client.post)("/app/logout/")

        assert await page.code() == 4401
        await sync_to_async(notify)(user_id=author.pk, kind="test", title="Too late")
        assert await page.socket.receive_nothing(timeout=0.2)


async def test_a_deactivated_user_is_closed_out_at_the_next_frame(author, monkeypatch):
    async def hears_no_news(_consumer):
        await asyncio.Event().wait()

    monkeypatch.setattr(events_socket.EventsConsumer, "_watch", hears_no_news)
    async with await Page.of(author) as page:
        author.is_active = False
        await author.asave()
        await page.socket.send_to(text_data='{"type": "ping"}')
        output = await page.socket.receive_output(timeout=10)

        assert (output["type"], output.get("code")) == ("websocket.close", 4401)  # and no pong before it


async def test_a_page_is_told_to_come_again_when_redis_is_lost(author, monkeypatch):
    class Lost:
        def __init__(self):
            self.is_lost = asyncio.Event()

        async def new_channel(self):
            return "specific.x!y"

        async def group_add(self, _group, _channel):
            pass

        group_discard = group_add

        async def receive(self, _channel):
            await self.is_lost.wait()
            raise ConnectionError

    layer = Lost()
    monkeypatch.setattr(events_socket, "get_channel_layer", lambda: layer)
    async with await Page.of(author) as page:
        assert (await page.ask({"type": "ping"}))["type"] == "pong"
        layer.is_lost.set()

        assert await page.code() == 1013


async def test_a_page_is_told_to_come_again_when_redis_is_not_there(author, monkeypatch):
    class Down:
        async def new_channel(self):
            raise ConnectionError

    monkeypatch.setattr(events_socket, "get_channel_layer", Down)
    page = await Page.of(author)
    await page.socket.connect(timeout=5)

    assert await page.code() == 1013


async def test_a_page_that_is_open_for_long_joins_again(author, monkeypatch):
    joined = asyncio.Event()
    real, count = get_channel_layer(), []

    class Counting:
        def __getattr__(self, name):
            return getattr(real, name)

        async def group_add(self, group, channel):
            count.append(group)
            await real.group_add(group, channel)
            if len(count) >= 3:
                joined.set()

    monkeypatch.setattr(events_socket, "get_channel_layer", Counting)
    monkeypatch.setattr(events_socket, "JOIN_AGAIN", 0.05)
    async with await Page.of(author) as page:
        await asyncio.wait_for(joined.wait(), timeout=10)
        await sync_to_async(notify)(user_id=author.pk, kind="test", title="Still here")

        assert (await page.receive())["title"] == "Still here"
