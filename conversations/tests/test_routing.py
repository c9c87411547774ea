import pytest
from channels.testing import WebsocketCommunicator

from conversations.tests.chat import application, headers


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/chat/", "/ws/chat/not-an-id/", "/ws/chat/1/../", "/app/"])
async def test_a_socket_of_an_unknown_address_is_closed_as_not_found(path):
    socket = WebsocketCommunicator(application, path, headers=headers())

    assert (await socket.connect())[0] is True
    assert await socket.receive_output() == {"type": "websocket.close", "code": 4404}
