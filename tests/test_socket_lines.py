"""The sockets as they are served, with everything that stands around them."""

import uuid

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.db import connections

from conversations.tests.chat import headers
from voiceassist.asgi import application


@pytest.fixture(autouse=True)
async def _no_connection_is_left():
    """Give what other threads took back to the pool, or the test database cannot be dropped."""
    yield
    await sync_to_async(connections.close_all)()


@pytest.mark.django_db(transaction=True)
async def test_the_chat_socket_is_logged_by_route_and_code(caplog):
    caplog.set_level("INFO")
    secret = uuid.uuid4()
    socket = WebsocketCommunicator(application, f"/ws/chat/{secret}/", headers=headers())
    await socket.connect()
    await socket.receive_output()
    await socket.disconnect()

    (closed,) = [record.msg for record in caplog.records if "socket_closed" in record.getMessage()]
    assert (closed["route"], closed["code"], closed["user_id"]) == ("ws/chat/<uuid:conversation_id>/", 4401, None)
    assert str(secret) not in caplog.text
