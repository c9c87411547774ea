"""An OpenAI-compatible server on loopback that behaves, or misbehaves, as told."""

import asyncio
import json
from dataclasses import dataclass, field


def streams(*pieces, finish="stop"):
    """Send each piece as a chunk, then the finish reason and [DONE]."""

    async def behave(server, writer):
        begin(writer)
        for piece in pieces:
            send(writer, chunk(piece))
            await writer.drain()
        send(writer, chunk(None, finish=finish))
        send(writer, b"data: [DONE]\n\n")
        end(writer)

    return behave


def streams_then_stalls(*pieces):
    async def behave(server, writer):
        begin(writer)
        for piece in pieces:
            send(writer, chunk(piece))
        await writer.drain()
        server.stalled.set()
        await asyncio.Event().wait()

    return behave


def streams_then_cuts(*pieces):
    """Break the connection in the middle of the body."""

    async def behave(server, writer):
        begin(writer)
        for piece in pieces:
            send(writer, chunk(piece))
        await writer.drain()

    return behave


def streams_then_ends_early(*pieces):
    """End the body in good order, but without a finish reason."""

    async def behave(server, writer):
        begin(writer)
        for piece in pieces:
            send(writer, chunk(piece))
        end(writer)

    return behave


def streams_an_error(*pieces):
    async def behave(server, writer):
        begin(writer)
        for piece in pieces:
            send(writer, chunk(piece))
        send(writer, b'data: {"error": {"message": "slot lost: SECRET PROMPT", "code": 500}}\n\n')
        end(writer)

    return behave


def sends_garbage(*pieces):
    async def behave(server, writer):
        begin(writer)
        for piece in pieces:
            send(writer, chunk(piece))
        send(writer, b'data: {"choices": [{"del\n\n')
        end(writer)

    return behave


def sends_another_shape():
    async def behave(server, writer):
        begin(writer)
        send(writer, b'data: {"choices": [{"delta": "text"}]}\n\n')
        send(writer, b'data: ["choices"]\n\n')
        end(writer)

    return behave


def never_ends_a_line():
    async def behave(server, writer):
        begin(writer)
        while True:
            send(writer, b"x" * 65536)
            await writer.drain()

    return behave


def never_stops():
    async def behave(server, writer):
        begin(writer)
        while True:
            send(writer, chunk("word " * 100))
            await writer.drain()

    return behave


def stalls():
    async def behave(server, writer):
        server.stalled.set()
        await asyncio.Event().wait()

    return behave


def answers(status, body=b'{"error": {"message": "SECRET PROMPT"}}', **headers):
    async def behave(server, writer):
        lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    return behave


def answers_json(content):
    return answers(200, json.dumps(content).encode(), Content_Type="application/json")


def lists(*names):
    """Name the models that there are."""
    return answers_json({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def embeds(dimension):
    return answers_json({"object": "list", "data": [{"index": 0, "embedding": [0.5] * dimension}]})


def begin(writer):
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )


def send(writer, data):
    writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")


def end(writer):
    writer.write(b"0\r\n\r\n")


def chunk(text, *, finish=None):
    delta = {"role": "assistant"} if text is None else {"content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


@dataclass
class ModelServer:
    """Serves one behaviour a request, the last one for ever. `requests` are (path, headers, body) as received.

    What is asked of it besides answers has a behaviour of its own.
    """

    behaviours: list = field(default_factory=lambda: [streams("Rest helps [1].")])
    listing: object = field(default_factory=lambda: lists("tiny"))
    embedding: object = field(default_factory=lambda: embeds(3))
    requests: list = field(default_factory=list)
    stalled: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: set = field(default_factory=set)

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.server.wait_closed()

    def will(self, *behaviours):
        self.behaviours = list(behaviours)

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = head[0].split()[1]
        self.requests.append((path, headers, json.loads(body) if body else None))
        await self._behaviour(path)(self, writer)
        await writer.drain()

    def _behaviour(self, path):
        beside = {"/v1/models": self.listing, "/v1/embeddings": self.embedding}
        if path in beside:
            return beside[path]
        return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
