"""A Redis that takes connections and never answers: whoever ends a sign-in does not wait for it."""

import asyncio
import socket
import threading

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.test import AsyncClient, Client
from django.utils import timezone

from voiceassist.accounts import consumers
from voiceassist.accounts.models import EndReason, SignIn
from voiceassist.accounts.services import administration, sign_ins
from voiceassist.accounts.tests.test_sockets import by_cookie, close_code, everywhere
from voiceassist.core import groups

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _silent_redis(settings, monkeypatch):
    """Let the channel layer talk to a socket that listens and says nothing."""
    monkeypatch.setattr(groups, "TELL_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        host = {"address": f"redis://127.0.0.1:{silent.getsockname()[1]}/0", "socket_timeout": None}
        layer = {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [host]}}
        settings.CHANNEL_LAYERS = {"default": layer}
        yield


@pytest.fixture(autouse=True)
async def _threads_give_their_connections_back():
    yield
    await sync_to_async(connections.close_all)()


def sign_out(client, user):
    assert client.post("/app/logout/").status_code == 302


def revoke(client, user):
    sign_ins.end(sign_in=SignIn.objects.get(user=user), reason=EndReason.REVOKED, now=timezone.now())


def deactivate(client, user):
    administration.change_user(user_id=user.pk, by=client.administrator, now=timezone.now(), is_active=False)


@pytest.mark.usefixtures("_silent_redis")
@pytest.mark.parametrize("ending", [sign_out, revoke, deactivate])
def test_a_sign_in_is_ended_all_the_same(ending, author, administrator):
    client = Client()
    client.administrator = administrator
    client.force_login(author)
    ended = threading.Thread(target=in_a_thread, args=(ending, client, author), daemon=True)
    ended.start()
    ended.join(30)

    assert not ended.is_alive()
    assert SignIn.objects.get(user=author).ended_at is not None


def in_a_thread(ending, *arguments):
    try:
        ending(*arguments)
    finally:
        connections.close_all()


@pytest.mark.usefixtures("_silent_redis")
async def test_a_server_goes_on_too(author):
    client = AsyncClient()
    await client.aforce_login(author)

    async with asyncio.timeout(30):
        assert (await client.post("/app/logout/")).status_code == 302


@pytest.mark.usefixtures("_silent_redis")
async def test_a_socket_looks_for_itself(author, monkeypatch):
    monkeypatch.setattr(consumers, "JOIN_WITHIN", 0.05)
    monkeypatch.setattr(consumers, "RETRY", 0.05)
    socket_ = await by_cookie(author)
    await socket_.receive_json_from()
    await sync_to_async(everywhere)(author)

    assert await close_code(socket_) == 4401
