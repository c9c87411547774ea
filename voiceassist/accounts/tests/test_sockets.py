"""Sockets: who opens them, and that they close within a second when the sign-in ends."""

import asyncio
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.test import Client
from django.urls import path
from django.utils import timezone

from voiceassist.accounts import access, consumers
from voiceassist.accounts.consumers import SignedInConsumer
from voiceassist.accounts.models import EndReason, SignIn, SignInKind, User
from voiceassist.accounts.services import sign_ins
from voiceassist.accounts.tests.api import Program
from voiceassist.core import system_settings
from voiceassist.core.same_origin import SameOriginMiddleware

pytestmark = pytest.mark.django_db(transaction=True)


class Echo(SignedInConsumer):
    """Says who is there."""

    async def opened(self):
        await self.send_json({"user": self.user.email})

    async def receive(self, text_data=None, **_):
        if await self.check_sign_in():
            await self.send_json({"said": text_data})


application = SameOriginMiddleware(AuthMiddlewareStack(URLRouter([path("ws/", Echo.as_asgi())])))


async def open_socket(**headers):
    sent = {"host": "localhost:8000", **{name: value for name, value in headers.items() if value}}
    socket = WebsocketCommunicator(application, "/ws/", [(k.encode(), v.encode()) for k, v in sent.items()])
    connected, _ = await socket.connect()
    return socket if connected else None


@sync_to_async
def cookie_of(user):
    client = Client()
    client.force_login(user)
    return f"{django_settings.SESSION_COOKIE_NAME}={client.cookies[django_settings.SESSION_COOKIE_NAME].value}"


@sync_to_async
def token_of(user):
    program = Program()
    program.log_in(user.email)
    return f"Bearer {program.tokens['access']}"


async def by_cookie(user):
    return await open_socket(cookie=await cookie_of(user), origin="http://localhost:8000")


async def by_token(user):
    return await open_socket(authorization=await token_of(user))


async def close_code(socket):
    message = await socket.receive_output(timeout=5)
    assert message["type"] == "websocket.close", message
    return message["code"]


@pytest.mark.parametrize("way", [by_cookie, by_token])
async def test_a_signed_in_user_opens_a_socket(author, way):
    socket = await way(author)

    assert await socket.receive_json_from() == {"user": author.email}
    await socket.disconnect()


@pytest.mark.parametrize("authorization", [None, "Bearer x", "Bearer ", "Basic YTpi"])
async def test_nobody_else_does(authorization, author):
    socket = await open_socket(authorization=authorization)

    assert await close_code(socket) == 4401


async def test_a_cookie_needs_our_own_origin_and_a_token_needs_none(author):
    assert await open_socket(cookie=await cookie_of(author), origin="https://evil.example") is None
    socket = await open_socket(authorization=await token_of(author), origin="https://portal.example")
    assert await socket.receive_json_from() == {"user": author.email}
    await socket.disconnect()


def everywhere(user):
    sign_ins.end_all(user=user, reason=EndReason.EVERYWHERE, now=timezone.now())


def this_one(user):
    sign_ins.end(sign_in=SignIn.objects.get(user=user), reason=EndReason.REVOKED, now=timezone.now())


@pytest.mark.parametrize("way", [by_cookie, by_token])
@pytest.mark.parametrize("ending", [everywhere, this_one])
async def test_a_quiet_socket_closes_when_its_sign_in_ends(author, stranger, way, ending, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK", 3600.0)  # only the news may close it
    socket, other = await way(author), await by_token(stranger)
    await socket.receive_json_from()
    await other.receive_json_from()
    await listening(author)
    await sync_to_async(ending)(author)

    assert await close_code(socket) == 4401
    await other.send_to(text_data="still here")
    assert await other.receive_json_from() == {"said": "still here"}
    await other.disconnect()


async def listening(user, sockets=1):
    """Wait until so many sockets of the user are in its group."""
    import redis.asyncio

    key = f"asgi:group:signed-in.{user.pk}"
    async with redis.asyncio.from_url(django_settings.REDIS_URL) as client, asyncio.timeout(10):
        while await client.zcard(key) < sockets:  # noqa: ASYNC110 (another process's memory, not an event)
            await asyncio.sleep(0.01)


async def test_a_socket_whose_user_was_deactivated_by_hand_closes_at_its_next_frame(author):
    socket = await by_token(author)
    await socket.receive_json_from()
    await User.objects.filter(pk=author.pk).aupdate(is_active=False)
    await socket.send_to(text_data="hello")

    assert await close_code(socket) == 4401


async def test_without_redis_a_socket_looks_for_itself(author, monkeypatch):
    monkeypatch.setattr(consumers, "RETRY", 0.01)

    class Lost:
        async def new_channel(self):
            raise ConnectionError

    monkeypatch.setattr(consumers, "get_channel_layer", Lost)
    socket = await by_token(author)
    await socket.receive_json_from()
    await sync_to_async(everywhere)(author)

    assert await close_code(socket) == 4401


async def test_a_socket_outlives_its_access_token_but_not_the_family(author):
    socket = await by_token(author)
    await socket.receive_json_from()
    await SignIn.objects.aupdate(expires_at=timezone.now() - timedelta(seconds=1))
    await socket.send_to(text_data="hello")

    assert await close_code(socket) == 4401


@pytest.mark.parametrize("way", [by_cookie, by_token])
async def test_a_role_that_demands_a_second_factor_demands_it_of_open_sockets(author, way):
    socket = await way(author)
    await socket.receive_json_from()
    await sync_to_async(system_settings.set_values)({"second_factor_roles": ["clinician"]}, by_id=None)
    await socket.send_to(text_data="hello")

    assert await close_code(socket) == 4401
    await sync_to_async(system_settings.set_values)({"second_factor_roles": []}, by_id=None)


async def test_a_locked_browser_has_no_open_socket(author):
    socket = await by_cookie(author)
    await socket.receive_json_from()
    await SignIn.objects.aupdate(last_seen_at=timezone.now() - timedelta(minutes=16))
    await socket.send_to(text_data="hello")

    assert await close_code(socket) == 4401
    assert await close_code(await by_cookie_again(author)) == 4401


async def by_cookie_again(user):
    """Open a socket with the browser session that is there already."""
    sign_in = await SignIn.objects.aget(user=user)
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={sign_in.session_key}"
    return await open_socket(cookie=cookie, origin="http://localhost:8000")


async def test_a_quiet_socket_closes_when_its_browser_is_locked_and_no_other_does(author, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK", 3600.0)  # only the news may close it
    client = Client()
    await sync_to_async(client.force_login)(author)
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={client.cookies[django_settings.SESSION_COOKIE_NAME].value}"
    socket = await open_socket(cookie=cookie, origin="http://localhost:8000")
    elsewhere = await by_token(author)
    await socket.receive_json_from()
    await elsewhere.receive_json_from()
    await listening(author, sockets=2)
    await sync_to_async(client.post)("/app/lock/")

    assert await close_code(socket) == 4401
    await elsewhere.send_to(text_data="still here")
    assert await elsewhere.receive_json_from() == {"said": "still here"}
    await elsewhere.disconnect()


async def test_a_quiet_socket_closes_when_nobody_was_at_its_browser_for_too_long(author, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK", 3600.0)  # it must know when to look
    await cookie_of(author)
    almost = timezone.now() - timedelta(minutes=15) + timedelta(seconds=2)
    await SignIn.objects.aupdate(last_seen_at=almost)
    socket = await by_cookie_again(author)

    assert await socket.receive_json_from() == {"user": author.email}
    assert await close_code(socket) == 4401


@pytest.mark.parametrize(("idle", "left"), [(0, 60), (29, 31), (31, 869), (899, 1), (901, 0)])
def test_a_socket_knows_how_long_its_browser_may_still_be_left_alone(author, idle, left):
    now = timezone.now()
    sign_in = SignIn(user=author, kind=SignInKind.BROWSER, last_seen_at=now - timedelta(seconds=idle))

    assert access.until_idle(sign_in, now=now) == left
