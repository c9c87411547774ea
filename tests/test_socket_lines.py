"""The sockets as they are served, with everything that stands around them."""

import uuid

import pytest
from channels.testing import WebsocketCommunicator

from conversations.tests.chat import headers
from voiceassist.asgi import application


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
