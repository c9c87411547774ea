"""The events of an answer in a Redis stream, so that any socket of any process can follow it from any point.

Three keys an answer: `events`, a stream whose entry ids are `<seq>-0`; `alive`, which expires when the process
that writes the answer dies; `commands`, a list that the writer waits on.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import redis
import redis.asyncio
from django.conf import settings

from conversations.events import Event, as_frame
from voiceassist.core.errors import DomainError, ErrorCode

LIFETIME = 3600  # seconds after the last event; patients' words are not left in Redis for longer
ALIVE = 15  # seconds without a heartbeat until a run counts as dead
LONGEST = 50_000  # events; the gateway's length limit stays below it
IDLE = 1_000  # milliseconds
STOP = "stop"


class LiveServiceDown(DomainError):
    """Redis does not answer."""

    code = ErrorCode.PROVIDER_UNAVAILABLE
    http_status = 503
    user_message = "Live answers are not available right now. Nothing is lost; try again in a minute."


def events_key(message_id: uuid.UUID) -> str:
    return f"voiceassist:answer:{message_id}:events"


def alive_key(message_id: uuid.UUID) -> str:
    return f"voiceassist:answer:{message_id}:alive"


def commands_key(message_id: uuid.UUID) -> str:
    return f"voiceassist:answer:{message_id}:commands"


@asynccontextmanager
async def connection() -> AsyncIterator[redis.asyncio.Redis]:
    """Lend a client of its own: waiting on a stream occupies it. Raises LiveServiceDown."""
    client = redis.asyncio.Redis.from_url(
        settings.REDIS_URL, decode_responses=True, socket_connect_timeout=5, socket_timeout=5
    )
    try:
        yield client
    except redis.RedisError as error:
        raise LiveServiceDown from error
    finally:
        await asyncio.shield(asyncio.ensure_future(client.aclose()))  # a cancelled task closes its socket too


@contextmanager
def sync_connection() -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True, socket_connect_timeout=5, socket_timeout=5)
    try:
        yield client
    finally:
        client.close()


class EventLog:
    """The writing end. There is one writer; `seq` counts its events from 1."""

    def __init__(self, client: redis.asyncio.Redis, message_id: uuid.UUID) -> None:
        self._client = client
        self._key = events_key(message_id)
        self.seq = 0

    async def append(self, event: Event) -> None:
        """Add an event; the stream expires an hour after the last one."""
        self.seq += 1
        pipeline = self._client.pipeline(transaction=True)
        pipeline.xadd(self._key, _entry(event), id=f"{self.seq}-0", maxlen=LONGEST, approximate=True)
        pipeline.expire(self._key, LIFETIME)
        await pipeline.execute()


async def read(
    client: redis.asyncio.Redis, message_id: uuid.UUID, *, after: int
) -> AsyncGenerator[dict[str, Any] | None, None]:
    """Yield the frames with a `seq` above `after` as they come, and None whenever there is nothing new."""
    key, block = events_key(message_id), None
    while True:
        found: Any = await client.xread({key: f"{after}-0"}, count=100, block=block)
        for entry_id, fields in found[0][1] if found else ():
            frame = _frame(entry_id, fields)
            after = frame["seq"]
            yield frame
        block = IDLE
        if not found:
            yield None


def recorded(client: redis.Redis, message_id: uuid.UUID) -> list[dict[str, Any]]:
    """Return every frame of an answer that is still in its stream."""
    entries: Any = client.xrange(events_key(message_id))
    return [_frame(entry_id, fields) for entry_id, fields in entries]


def append_last(client: redis.Redis, message_id: uuid.UUID, event: Event, *, seq: int) -> None:
    """End the stream of a writer that died. Does nothing when the stream went on meanwhile."""
    try:
        client.xadd(events_key(message_id), _entry(event), id=f"{seq}-0")
    except redis.ResponseError:
        return
    client.expire(events_key(message_id), LIFETIME)


def forget(client: redis.Redis, message_ids: Sequence[uuid.UUID], *, open_ids: Sequence[uuid.UUID]) -> None:
    """Drop the events of answers that were deleted, and stop whoever still writes one: `open_ids` are among them."""
    pipeline = client.pipeline(transaction=False)
    for message_id in open_ids:
        pipeline.rpush(commands_key(message_id), STOP)
        pipeline.expire(commands_key(message_id), LIFETIME)
    for message_id in message_ids:
        pipeline.delete(events_key(message_id))
    pipeline.execute()


def _entry(event: Event) -> dict[Any, Any]:
    return {"frame": json.dumps(as_frame(event), ensure_ascii=False)}


def _frame(entry_id: str, fields: dict[str, str]) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(fields["frame"])
    return {**frame, "seq": int(entry_id.split("-", maxsplit=1)[0])}
