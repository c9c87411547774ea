"""An HTTP client of the chat API, for tests."""

import json

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import connections
from django.test import AsyncClient

from conversations.tests.chat import ENDINGS

CHAT = "/api/v1/chat"


class Caller:
    """Somebody who is signed in, or nobody."""

    def __init__(self):
        self.client = AsyncClient()

    @classmethod
    async def of(cls, user):
        caller = cls()
        await sync_to_async(caller.client.force_login)(user)
        return caller

    async def post(self, path, body=None, **headers):
        """Post from a thread of the request's own, as the real server does."""
        async with ThreadSensitiveContext():
            try:
                return await self.client.post(path, body or {}, content_type="application/json", headers=headers)
            finally:
                await sync_to_async(connections.close_all)()

    async def ask(self, message, headers=None, **body):
        """Ask, and return the answer's data."""
        response = await self.post(CHAT, {"message": message, **body}, **(headers or {}))
        assert response.status_code == 200, response.content
        return response.json()["data"]

    async def stream(self, path, body=None, **headers):
        """Return the response of a stream that has begun, and its events one by one."""
        response = await self.post(path, body, Accept="text/event-stream", **headers)
        assert response.status_code == 200, response.content
        return response, Events(response)


class Events:
    """The events of a stream: (id, event, data), and (None, None, comment)."""

    def __init__(self, response):
        self.chunks = aiter(response)

    async def next(self):
        return parsed((await anext(self.chunks)).decode())

    async def until(self, *types):
        found = [await self.next()]
        while found[-1][1] not in types:
            found.append(await self.next())
        return found

    async def to_the_end(self):
        return [parsed(chunk.decode()) async for chunk in self.chunks]

    async def close(self):
        await self.chunks.aclose()


def parsed(text):
    """Read one event (WHATWG HTML, 9.2.6)."""
    assert text.endswith("\n\n")
    fields = {}
    for line in text[:-2].split("\n"):
        name, _, value = line.partition(":")
        fields[name] = value.removeprefix(" ")
    if "" in fields:
        return None, None, fields[""]
    return fields.get("id"), fields["event"], json.loads(fields["data"])


def kinds(events):
    return [kind for _, kind, _ in events]


def said(events):
    return "".join(data["text"] for _, kind, data in events if kind == "message.delta")


def ending(events):
    _, kind, data = events[-1]
    assert kind in ENDINGS
    return data
