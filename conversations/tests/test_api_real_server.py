"""Streams over a real daphne, with an HTTP client on loopback."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from conversations.models import Message
from conversations.tests.api import CHAT, ending, kinds, parsed, said
from conversations.tests.chat import signed_in, stored
from conversations.tests.conftest import DOSE
from conversations.tests.test_real_server import Server
from voiceassist.accounts.client import Client
from voiceassist.accounts.services import sign_ins
from voiceassist.ai.tests import model_server as told
from voiceassist.ai.tests.model_server import ModelServer

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 24  # streams at once: more than there are database connections


def tokens_of(user):
    return sign_ins.begin_with_tokens(user=user, client=Client(), second_factor=False, now=timezone.now())


@pytest.fixture
async def bearer(library, author):
    return {"Authorization": f"Bearer {(await sync_to_async(tokens_of)(author)).access}"}


class Answer:
    """A response of which only the head was read."""

    def __init__(self, reader, status, headers):
        self.reader, self.status, self.headers = reader, status, headers

    async def json(self):
        return json.loads(await self.reader.readexactly(int(self.headers["content-length"])))

    async def chunk(self):
        """Return the next chunk (RFC 9112, 7.1), "" at the end."""
        size = int(await self.reader.readline(), 16)
        data = await self.reader.readexactly(size)
        await self.reader.readexactly(2)
        return data.decode()

    async def events(self, *until):
        """Return the events up to the first of these types, or to the end."""
        found = []
        async with asyncio.timeout(60):
            while chunk := await self.chunk():
                found += [parsed(f"{event}\n\n") for event in chunk.split("\n\n") if event]
                if found and found[-1][1] in until:
                    break
        return found


@asynccontextmanager
async def request(server, path, body=None, *, method="POST", **headers):
    """Send a request; close the connection on leaving, whatever is still to come."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    payload = json.dumps(body or {}).encode()
    sent = {
        "Host": f"127.0.0.1:{server.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(payload)),
        **headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    try:
        writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + payload)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        received = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        yield Answer(reader, int(head[0].split()[1]), received)
    finally:
        writer.close()


def stream(server, body, bearer, **more):
    return request(server, CHAT, body, Accept="text/event-stream", **bearer, **more)


async def test_a_question_gets_its_answer_whole_or_as_it_is_written(bearer):
    async with Server() as server:
        async with request(server, CHAT, {"message": DOSE, "client_id": "c1"}, **bearer) as whole:
            answer = (await whole.json())["data"]["message"]
        async with stream(server, {"message": DOSE, "client_id": "c1"}, bearer) as streamed:
            accepted, *rest = await streamed.events()

    assert streamed.headers["content-type"] == "text/event-stream"
    assert (streamed.headers["cache-control"], streamed.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert accepted[2]["message_id"] == answer["id"]
    assert said(rest) == ending(rest)["content"] == answer["content"] == (await stored(answer["id"])).content


async def test_a_browser_asks_with_its_cookie_and_csrf_token(library, author):
    cookie = await sync_to_async(signed_in)(author)
    token = "x" * 32
    async with Server() as server:
        ours = f"http://127.0.0.1:{server.port}"
        with_token = {"Cookie": f"{cookie}; csrftoken={token}", "X-CSRFToken": token, "Origin": ours}
        async with stream(server, {"message": DOSE}, with_token) as streamed:
            assert kinds(await streamed.events())[-1] == "message.done"
        async with stream(server, {"message": DOSE}, {"Cookie": cookie}) as refused:
            assert (refused.status, (await refused.json())["error"]["code"]) == (403, "FORBIDDEN")


async def test_words_arrive_while_the_model_still_thinks_and_a_lost_reader_goes_on_where_it_was(bearer):
    async with ModelServer() as model:
        model.will(told.streams_then_stalls("Start at", " 500 mg"))
        async with Server(OPENAI_BASE_URL=model.url) as server:
            body = {"message": DOSE, "client_id": "c1"}
            async with stream(server, body, bearer) as first:
                seen = await first.events("message.delta")
            last = seen[-1][0]
            async with stream(server, body, bearer, **{"Last-Event-ID": last}) as second:
                _, *more = await second.events("message.delta")
                message_id = more[-1][2]["message_id"]
                async with request(server, f"/api/v1/messages/{message_id}/stop", **bearer) as stopping:
                    stopped = (await stopping.json())["data"]
                more += await second.events()

    assert [int(id_) for id_, _, _ in more] == list(range(int(last) + 1, int(last) + 1 + len(more)))
    assert said(seen) + said(more) == stopped["content"] == "Start at 500 mg"
    assert ending(more)["message"]["status"] == stopped["status"] == "stopped"


async def test_an_answer_is_finished_after_its_only_reader_left(bearer):
    go_on = asyncio.Event()

    async def waits(server, writer):
        told.begin(writer)
        told.send(writer, told.chunk("Start at"))
        await writer.drain()
        await go_on.wait()
        told.send(writer, told.chunk(" 500 mg [1]."))
        told.send(writer, told.chunk(None, finish="stop"))
        told.send(writer, b"data: [DONE]\n\n")
        told.end(writer)

    async with ModelServer() as model:
        model.will(waits)
        async with Server(OPENAI_BASE_URL=model.url) as server:
            body = {"message": DOSE, "client_id": "c1"}
            async with stream(server, body, bearer) as left:
                await left.events("message.delta")
            go_on.set()
            async with request(server, CHAT, body, **bearer) as whole:
                answer = (await whole.json())["data"]["message"]

    assert (answer["status"], answer["content"]) == ("complete", "Start at 500 mg [1].")


async def test_many_streams_hold_up_neither_each_other_nor_anybody_else(bearer):
    async with ModelServer() as model:
        model.will(told.streams_then_stalls("Start at"))
        async with Server(OPENAI_BASE_URL=model.url) as server, AsyncExitStack() as stack:
            open_streams = [
                await stack.enter_async_context(stream(server, {"message": DOSE}, bearer)) for _ in range(MANY)
            ]
            seen = await asyncio.gather(*(one.events("message.delta") for one in open_streams))
            async with request(server, "/api/v1/conversations", method="GET", **bearer) as listing:
                listed = await listing.json()

    assert {said(events) for events in seen} == {"Start at"}
    assert listed["metadata"]["pagination"]["total"] == MANY == await Message.objects.filter(role="user").acount()


async def test_deleting_the_conversation_ends_its_streams(bearer):
    async with ModelServer() as model:
        model.will(told.streams_then_stalls("Start at"))
        async with (
            Server(OPENAI_BASE_URL=model.url) as one,
            Server() as two,
            stream(one, {"message": DOSE}, bearer) as streamed,
        ):
            accepted, *_ = await streamed.events("message.delta")
            path = f"/api/v1/conversations/{accepted[2]['conversation_id']}"
            async with request(two, path, method="DELETE", **bearer) as deleted:
                assert deleted.status == 204
            rest = await streamed.events()

    assert (rest[-1][1], rest[-1][2]["code"]) == ("error", "NOT_FOUND")
    assert not await Message.objects.aexists()


async def test_signing_out_ends_a_stream(library, author):
    pair = await sync_to_async(tokens_of)(author)
    bearer = {"Authorization": f"Bearer {pair.access}"}
    async with ModelServer() as model:
        model.will(told.streams_then_stalls("Start at"))
        async with (
            Server(OPENAI_BASE_URL=model.url) as server,
            stream(server, {"message": DOSE}, bearer) as streamed,
        ):
            await streamed.events("message.delta")
            async with request(server, "/api/v1/auth/logout", **bearer) as leaving:
                assert leaving.status == 204
            rest = await streamed.events()

    assert (rest[-1][1], rest[-1][2]["code"]) == ("error", "UNAUTHORIZED")


async def test_a_body_that_is_too_large_is_refused_in_the_envelope(bearer):
    async with Server() as server, request(server, CHAT, {"message": "x" * 1_100_000}, **bearer) as refused:
        assert refused.status == 413
        assert (await refused.json())["error"]["code"] == "FILE_TOO_LARGE"
