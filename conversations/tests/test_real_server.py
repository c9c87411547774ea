"""Daphne in processes of its own, and a WebSocket client on loopback."""

import asyncio
import os
import sys

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings

from conversations.tests.chat import ENDINGS, signed_in, stored, text_of
from conversations.tests.conftest import DOSE
from conversations.tests.websocket import Closed, Refused, connect
from tests.app_server import database_url, free_port
from voiceassist.ai.tests import model_server as told
from voiceassist.ai.tests.model_server import ModelServer

pytestmark = pytest.mark.django_db(transaction=True)


class Server:
    """One daphne process."""

    def __init__(self, **environment):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "DATA_DIR") if name in os.environ}
        shared = {"HOST": "127.0.0.1", "DATABASE_URL": database_url(), "REDIS_URL": django_settings.REDIS_URL}
        self.environment = {**kept, **shared, "SECRET_KEY": django_settings.SECRET_KEY, **environment}
        self.port = free_port()

    async def __aenter__(self):
        command = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "voiceassist.asgi:application"]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=self.environment, cwd=django_settings.BASE_DIR
        )
        async with asyncio.timeout(60):
            while not await self._answers():  # noqa: ASYNC110  (another process's port, not an event)
                await asyncio.sleep(0.1)
        return self

    async def __aexit__(self, *_):
        await self.kill()

    async def kill(self):
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def _answers(self):
        assert self.process.returncode is None
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    def open(self, conversation, cookie, *, origin=None):
        ours = f"http://127.0.0.1:{self.port}"
        return connect(self.port, f"/ws/chat/{conversation.pk}/", Cookie=cookie, Origin=origin or ours)


@pytest.fixture
async def cookie(author):
    return await sync_to_async(signed_in)(author)


async def test_a_question_over_a_real_socket_gets_a_cited_answer(conversation, cookie):
    async with Server() as server, server.open(conversation, cookie) as tab:
        await tab.send("message.send", client_id="c1", content=DOSE)
        frames = await tab.until(*ENDINGS)

    assert frames[0]["type"] == "message.accepted"
    assert frames[-1]["type"] == "message.done"
    assert text_of(frames) == frames[-1]["content"] == (await stored(frames[-1]["message_id"])).content
    assert frames[-1]["citations"][0]["title"] == "Metformin"


async def test_the_doors_hold_over_a_real_socket(conversation, cookie, stranger):
    theirs = await sync_to_async(signed_in)(stranger)
    async with Server() as server:
        for other, code in ((None, 4401), (theirs, 4404)):
            async with server.open(conversation, other) as tab:
                with pytest.raises(Closed, match=str(code)):
                    await tab.receive()
        with pytest.raises(Refused, match="403"):
            async with server.open(conversation, cookie, origin="http://evil.test"):
                pass


async def test_a_page_of_another_port_is_refused_over_a_real_socket(conversation, cookie):
    async with Server() as server:
        with pytest.raises(Refused, match="403"):
            async with server.open(conversation, cookie, origin="http://127.0.0.1:1"):
                pass


async def test_a_socket_left_alone_stays_open(conversation, cookie):
    async with Server() as server, server.open(conversation, cookie) as tab:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(tab.receive(), timeout=7)  # longer than the Redis client's own time-out
        await tab.send("ping", request_id="r")

        assert (await tab.until("pong"))[-1]["request_id"] == "r"


async def test_another_process_follows_and_stops_an_answer(conversation, cookie):
    async with ModelServer() as model:
        model.will(told.streams_then_stalls("Start at", " 500 mg"))
        async with (
            Server(OPENAI_BASE_URL=model.url) as one,
            Server() as two,
            one.open(conversation, cookie) as here,
            two.open(conversation, cookie) as there,
        ):
            await here.send("message.send", client_id="c1", content=DOSE)
            accepted = (await here.until("message.accepted"))[-1]
            await there.send("stream.resume", message_id=accepted["message_id"], after=0)
            seen = await there.until("message.delta")
            await there.send("message.stop", message_id=accepted["message_id"])
            seen += await there.until(*ENDINGS)
            mine = await here.until(*ENDINGS)

    assert text_of(seen) == text_of(mine) == seen[-1]["content"]
    assert seen[-1]["message"]["status"] == mine[-1]["message"]["status"] == "stopped"


async def test_what_a_killed_server_said_is_kept_and_can_be_written_again(conversation, cookie):
    async with ModelServer() as model:
        model.will(told.streams_then_stalls("Start at", " 500 mg"))
        async with Server(OPENAI_BASE_URL=model.url) as server, server.open(conversation, cookie) as tab:
            await tab.send("message.send", client_id="c1", content=DOSE)
            frames = await tab.until("message.delta") + await tab.until("message.delta")
            await server.kill()
        message_id = frames[-1]["message_id"]
        assert (await stored(message_id)).status == "streaming"

        model.will(told.streams("Start at 500 mg [1]."))
        async with Server(OPENAI_BASE_URL=model.url) as server, server.open(conversation, cookie) as tab:
            await tab.send("stream.resume", message_id=message_id, after=frames[-1]["seq"])
            failed = (await tab.until(*ENDINGS))[-1]
            await tab.send("message.regenerate", message_id=message_id, client_id="again")
            done = (await tab.until(*ENDINGS))[-1]

    assert (failed["type"], failed["error"]["code"]) == ("message.failed", "INTERRUPTED")
    assert failed["partial"] == text_of(frames) == (await stored(message_id)).content == "Start at 500 mg"
    assert done["content"] == "Start at 500 mg [1]."
