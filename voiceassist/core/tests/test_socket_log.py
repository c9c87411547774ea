import json
import uuid
from types import SimpleNamespace

import pytest
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import IntegrityError
from django.urls import path, re_path
from prometheus_client import REGISTRY

from voiceassist.core.socket_log import logged

PATIENT = "Jane Roe"
ROUTE = "ws/echo/<str:word>/"


class Echo(AsyncWebsocketConsumer):
    async def connect(self):
        if self.scope["url_route"]["kwargs"].get("word") == "closed":
            await self.close()
            return
        await self.accept()
        self.scope["user"] = SimpleNamespace(pk=uuid.UUID(int=7))

    async def receive(self, text_data):
        match text_data:
            case "leave":
                await self.close(4401)
                return
            case "value":
                raise ValueError(PATIENT)
            case "database":
                raise IntegrityError(f"Key (name)=({PATIENT}) already exists.")
        await self.send(text_data)


application = URLRouter(logged([path(ROUTE, Echo.as_asgi()), re_path("", Echo.as_asgi())]))


def counted(metric, **labels):
    return REGISTRY.get_sample_value(metric, {"route": ROUTE, **labels}) or 0


async def opened(word="secret", headers=()):
    socket = WebsocketCommunicator(application, f"/ws/echo/{word}/?q=secret", headers=list(headers))
    connected, _ = await socket.connect()
    return socket, connected


async def test_a_socket_is_logged_when_it_opens_and_how_it_ends(lines):
    socket, _ = await opened(headers=[(b"x-request-id", b"abc-1")])
    assert counted("voiceassist_sockets_open") == 1
    await socket.send_to(text_data="secret")
    await socket.receive_from()
    await socket.send_to(text_data="leave")
    await socket.receive_output()
    await socket.disconnect()

    first, last = lines()
    assert (first["event"], first["route"], first["request_id"]) == ("socket_opened", ROUTE, "abc-1")
    assert (last["event"], last["route"], last["request_id"]) == ("socket_closed", ROUTE, "abc-1")
    assert (last["code"], last["frames_in"], last["frames_out"]) == (4401, 2, 1)
    assert last["duration_ms"] > 0
    assert len(last["user_id"]) == 36
    assert "secret" not in json.dumps([first, last])
    assert counted("voiceassist_sockets_open") == 0


async def test_frames_are_counted_by_direction(lines):
    before = {way: counted("voiceassist_socket_frames_total", direction=way) for way in ("in", "out")}
    socket, _ = await opened()
    for _ in range(3):
        await socket.send_to(text_data="hello")
        await socket.receive_from()
    await socket.disconnect(code=1001)

    for way in ("in", "out"):
        assert counted("voiceassist_socket_frames_total", direction=way) == before[way] + 3
    assert lines()[-1]["code"] == 1001


async def test_a_socket_that_was_never_accepted_counts_as_refused(lines):
    socket, connected = await opened("closed")
    await socket.disconnect()

    assert not connected
    (line,) = lines()
    assert line["event"] == "socket_refused"
    assert counted("voiceassist_sockets_open") == 0


async def test_an_address_without_a_route_is_a_question_mark(lines):
    socket = WebsocketCommunicator(application, "/ws/secret/")
    await socket.connect()
    await socket.disconnect()

    assert [line["route"] for line in lines()] == ["?", "?"]
    assert "secret" not in json.dumps(lines())


@pytest.mark.parametrize(("frame", "error"), [("value", ValueError), ("database", IntegrityError)])
async def test_what_a_consumer_raises_is_told_without_its_words(lines, frame, error):
    socket, _ = await opened(headers=[(b"x-request-id", b"abc-1")])
    await socket.send_to(text_data=frame)
    with pytest.raises(error):
        await socket.wait()

    (failed,) = [line for line in lines() if line["event"] == "socket_failed"]
    assert failed["exception"].splitlines()[-1].endswith(error.__name__)
    assert "in receive" in failed["exception"]
    assert failed["request_id"] == "abc-1"
    assert PATIENT not in json.dumps(lines())
    assert counted("voiceassist_sockets_open") == 0
