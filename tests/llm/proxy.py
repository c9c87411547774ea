"""A TCP proxy on loopback that can hold back or break off what a server answers."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes both ways until `limit` bytes of answers have passed; then `stall`s or cuts."""

    def __init__(self, target):
        self.target = urlsplit(target)
        self.limit = None
        self.stall = False
        self.reached = asyncio.Event()
        self.tasks = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.server.wait_closed()

    async def _serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        up_reader, up_writer = await asyncio.open_connection(self.target.hostname, self.target.port)
        upwards = asyncio.create_task(self._upwards(reader, up_writer))
        with suppress(ConnectionError, asyncio.CancelledError):
            await self._downwards(up_reader, writer)
        upwards.cancel()
        for end in (up_writer, writer):
            end.close()
        self.tasks.discard(asyncio.current_task())

    async def _upwards(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)

    async def _downwards(self, reader, writer):
        passed = 0
        while data := await reader.read(65536):
            writer.write(data if self.limit is None else data[: self.limit - passed])
            await writer.drain()
            passed += len(data)
            if self.limit is not None and passed >= self.limit:
                self.reached.set()
                if self.stall:
                    await asyncio.Event().wait()
                return
