"""A WebSocket client (RFC 6455) of the fewest lines: whole text frames, close codes, no extensions."""

import asyncio
import base64
import json
import os
import struct
from contextlib import asynccontextmanager

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Refused(Exception):
    """The server did not switch protocols; holds the HTTP status."""


class Closed(Exception):
    """The server closed; holds the code."""


class WebSocket:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def send(self, type_, **fields):
        self._write(TEXT, json.dumps({"type": type_, **fields}).encode())
        await self.writer.drain()

    def _write(self, opcode, payload):
        """Write one masked frame."""
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack(">H", size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.writer.write(bytes([0x80 | opcode]) + length + mask + masked)

    async def receive(self):
        while True:
            opcode, payload = await self._read()
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == CLOSE:
                raise Closed(struct.unpack(">H", payload[:2])[0])
            if opcode == PING:
                self._write(PONG, payload)

    async def _read(self):
        first, second = await self.reader.readexactly(2)
        size = second & 0x7F
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        return first & 0x0F, await self.reader.readexactly(size)

    async def until(self, *types):
        """Return all frames up to the first of these types."""
        frames = []
        async with asyncio.timeout(60):
            while not frames or frames[-1]["type"] not in types:
                frames.append(await self.receive())
        return frames


@asynccontextmanager
async def connect(port, path, **headers):
    """Open a socket on 127.0.0.1. Raises Refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    sent = {
        "Host": f"127.0.0.1:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        **{name: value for name, value in headers.items() if value},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    try:
        writer.write(f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode())
        status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
        if status != 101:
            raise Refused(status)
        yield WebSocket(reader, writer)
    finally:
        writer.close()
