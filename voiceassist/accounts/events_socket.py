"""The socket on which a signed-in user hears what happens: `/ws/events/`."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import suppress
from typing import Any

import structlog
from channels.layers import get_channel_layer

from voiceassist.accounts.consumers import SignedInConsumer
from voiceassist.core.errors import DomainError
from voiceassist.core.events import group_of
from voiceassist.core.request_id import new_id, well_formed

TRY_LATER = 1013  # close code (RFC 6455 registry): events cannot be heard at the moment
FRAME_LIMIT = 4 * 1024  # characters; there is little to say on this socket
JOIN_WITHIN = 5.0  # seconds
JOIN_AGAIN = 3600.0  # seconds; the channel layer forgets members of a group after a day

logger = structlog.get_logger(__name__)


class BadFrame(DomainError):
    """The frame does not follow the contract; the message says what is wrong with it."""

    user_message = "This frame is not understood. Send {“type”: “ping”}."


class EventsConsumer(SignedInConsumer):
    """One page or client of a user. It passes events on and answers a ping; there is nothing else to ask.

    Whoever got a pong misses nothing from then on while the socket is open: it has joined the user's group, and when
    Redis is lost the socket closes, so that the client connects again and reads the rows anew.
    """

    layer: Any = None
    channel: str = ""
    listener: asyncio.Task[None] | None = None

    async def opened(self) -> None:
        """Join the user's group before any frame is read, then pass events on."""
        self.layer = get_channel_layer()
        try:
            async with asyncio.timeout(JOIN_WITHIN):
                self.channel = await self.layer.new_channel()
                await self._join()
        except Exception as error:  # noqa: BLE001 (redis, time-outs, sockets)
            await self._give_up(error)
        else:
            self.listener = asyncio.create_task(self._pass_events_on())

    async def closed(self) -> None:
        """Stop passing them on."""
        listener, self.listener = self.listener, None
        if listener is not None and listener is not asyncio.current_task():
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def receive(self, text_data: str | None = None, **_: Any) -> None:
        """Answer a ping, refuse anything else; neither counts as a person at work."""
        if not await self.check_sign_in(at_work=False):
            return
        data: dict[str, Any] = {}
        try:
            data = _read(text_data)
            _check_is_ping(data)
            await self.send_json({"type": "pong", "request_id": _request_id(data)})
        except BadFrame as error:
            refusal = {"type": "error", "code": error.code, "message": error.user_message}
            await self.send_json({**refusal, "request_id": _request_id(data)})

    async def _join(self) -> None:
        await self.layer.group_add(group_of(self.user.pk), self.channel)

    async def _pass_events_on(self) -> None:
        try:
            while True:
                await self._until_joining_again()
                await self._join()
        except Exception as error:  # noqa: BLE001 (whatever Redis does, the client is told to come again)
            await self._give_up(error)
        finally:
            with suppress(Exception):  # the group forgets a channel that nobody reads
                await self.layer.group_discard(group_of(self.user.pk), self.channel)

    async def _until_joining_again(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(JOIN_AGAIN):
                while True:
                    message = await self.layer.receive(self.channel)
                    await self.send_json({**message["frame"], "request_id": uuid.uuid4().hex})

    async def _give_up(self, error: Exception) -> None:
        logger.warning("events_not_heard", error=type(error).__name__)
        await self.close(TRY_LATER)


def _read(text: str | None) -> dict[str, Any]:
    """Read a text frame as a JSON object. Raises BadFrame."""
    if text is None or len(text) > FRAME_LIMIT:
        raise BadFrame("Only text frames of at most 4 KiB are understood.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("This frame is not valid JSON.") from None
    if not isinstance(data, dict):
        raise BadFrame("A frame must be a JSON object.")
    return data


def _check_is_ping(data: dict[str, Any]) -> None:
    if data.get("type") != "ping":
        raise BadFrame


def _request_id(data: dict[str, Any]) -> str:
    """Return the client's request id when it is well-formed, a new one otherwise."""
    return well_formed(data.get("request_id")) or new_id()
