"""A browser tab on the chat socket, for tests."""

import asyncio
import uuid

from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from conversations.models import Message
from conversations.routing import websocket_urlpatterns
from voiceassist.core.same_origin import SameOriginMiddleware

application = SameOriginMiddleware(AuthMiddlewareStack(URLRouter(websocket_urlpatterns)))
ENDINGS = {"message.done", "message.failed"}


def signed_in(user):
    """Return the cookie header of a browser session of the user."""
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def headers(cookie=None, origin="http://localhost:8000"):
    pairs = [("host", "localhost:8000"), ("origin", origin), ("cookie", cookie)]
    return [(name.encode(), value.encode()) for name, value in pairs if value]


class Tab:
    """Sends frames, and collects what comes back."""

    def __init__(self, conversation_id, cookie, **changed):
        path = f"/ws/chat/{conversation_id}/"
        self.socket = WebsocketCommunicator(application, path, headers=headers(cookie, **changed))

    @classmethod
    async def open(cls, conversation, user):
        tab = cls(conversation.pk, await sync_to_async(signed_in)(user))
        connected, _ = await tab.socket.connect(timeout=5)
        assert connected
        return tab

    async def send(self, type_, **fields):
        await self.socket.send_json_to({"type": type_, **fields})

    async def ask(self, content, client_id=None, **fields):
        """Send a question; return the accepted frame."""
        client_id = client_id or str(uuid.uuid4())
        await self.send("message.send", client_id=client_id, content=content, **fields)
        return await self.until("message.accepted")

    async def receive(self):
        return await self.socket.receive_json_from(timeout=20)

    async def until(self, *types):
        """Return the next frame of these types."""
        while True:
            frame = await self.receive()
            if frame["type"] in types:
                return frame
            assert frame["type"] != "error", frame

    async def to_the_end(self):
        """Return all frames up to the end of the answer."""
        frames = [await self.receive()]
        while frames[-1]["type"] not in ENDINGS:
            frames.append(await self.receive())
        return frames

    async def closed(self):
        """Return the code with which the server closes."""
        return await asyncio.wait_for(self._closed(), timeout=5)

    async def _closed(self):
        while True:
            output = await self.socket.receive_output(timeout=5)
            if output["type"] == "websocket.close":
                return output["code"]

    async def close(self):
        await self.socket.disconnect(timeout=10)


def text_of(frames):
    return "".join(frame["text"] for frame in frames if frame["type"] == "message.delta")


async def stored(message_id):
    return await Message.objects.prefetch_related("citations").aget(pk=message_id)
