"""Runs: answers in the making, each a task of the server process, whatever becomes of the socket."""

from __future__ import annotations

import asyncio
import contextvars
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any, Protocol

import redis
import redis.asyncio
import structlog
from asgiref.sync import ThreadSensitiveContext, sync_to_async
from channels.db import database_sync_to_async
from django.db import connections

from conversations.events import ENDINGS, Failed, as_frame
from conversations.models import Message, MessageStatus
from conversations.services import answering, answers, payloads, recovery, streams
from conversations.services.exchanges import Exchange

BEAT = 2  # seconds between heartbeats
PATIENCE = 20  # seconds for a stopped answer to end: it is still checked

logger = structlog.get_logger(__name__)
_tasks: set[asyncio.Task[None]] = set()


class MakeExchange(Protocol):
    """`exchanges.ask` or `exchanges.ask_again`, but for the answer's id."""

    def __call__(self, *, answer_id: uuid.UUID) -> Exchange: ...


async def begin(*, conversation_id: uuid.UUID, make: MakeExchange) -> Exchange:
    """Store a question with its empty answer and start writing; a resend changes nothing.

    Raises what `make` raises, and LiveServiceDown.
    """
    answer_id = uuid.uuid4()
    await database_sync_to_async(recovery.close_dead_answers)(conversation_id=conversation_id)
    await _announce(answer_id)
    exchange: Exchange = await database_sync_to_async(make)(answer_id=answer_id)
    if exchange.is_new:
        start(answer_id)
    return exchange


async def _announce(answer_id: uuid.UUID) -> None:
    """Count as alive before the row exists, so that nobody takes the new answer for a dead one."""
    async with streams.connection() as client:
        await client.set(streams.alive_key(answer_id), "1", ex=streams.ALIVE)


def start(answer_id: uuid.UUID) -> asyncio.Task[None]:
    """Begin to write an announced answer in the background.

    In a context and with a thread for database work of its own: a request's thread ends with the request, or waits for
    this very answer.
    """
    context = contextvars.Context()
    context.run(structlog.contextvars.bind_contextvars, **structlog.contextvars.get_contextvars())
    task = asyncio.create_task(_in_own_thread(answer_id), name=f"answer {answer_id}", context=context)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)
    return task


async def stop(answer_id: uuid.UUID) -> None:
    """Ask whichever process writes the answer to stop; what was said is kept. An ended one stays as it is."""
    async with streams.connection() as client:
        pipeline = client.pipeline(transaction=True)
        pipeline.rpush(streams.commands_key(answer_id), streams.STOP)
        pipeline.expire(streams.commands_key(answer_id), streams.LIFETIME)
        await pipeline.execute()


async def follow(answer_id: uuid.UUID, *, after: int = 0) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the frames of an answer with a `seq` above `after`, to its end, whoever writes it.

    When the stream is gone, or its writer is, the last frame is made from what is stored. Raises AnswerGone.
    """
    async with (
        streams.connection() as client,
        aclosing(streams.read(client, answer_id, after=after)) as frames,
    ):
        async for frame in frames:
            if frame is None:
                frame = await _ending_unless_alive(client, answer_id)  # noqa: PLW2901
            if frame is not None:
                yield frame
                if frame["type"] in ENDINGS:
                    return


async def wait(answer_id: uuid.UUID) -> dict[str, Any]:
    """Return the last frame of an answer once there is one. Raises AnswerGone, LiveServiceDown."""
    async with aclosing(follow(answer_id)) as frames:
        async for frame in frames:
            if frame["type"] in ENDINGS:
                return frame
    raise answers.AnswerGone  # `follow` ends with an ending or raises


async def finished(answer_id: uuid.UUID) -> dict[str, Any]:
    """Return the payload of an answer once it has ended. Raises AnswerFailed, AnswerGone, LiveServiceDown."""
    ending = await wait(answer_id)
    message: dict[str, Any] = ending["message"]
    if ending["type"] == Failed.type:
        kept = {"conversation_id": message["conversation_id"], "message_id": message["id"]}
        raise answers.AnswerFailed(message["error"], details=kept)
    return message


async def stopped(answer: Message) -> dict[str, Any]:
    """Stop an answer and return its payload, as it ended, or as it is if that takes too long.

    Raises AnswerGone, LiveServiceDown.
    """
    if answer.status != MessageStatus.STREAMING:
        return payloads.message_payload(answer)
    await stop(answer.pk)
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            message: dict[str, Any] = (await wait(answer.pk))["message"]
            return message
    return payloads.message_payload(await database_sync_to_async(answers.load)(answer.pk))


async def _ending_unless_alive(client: redis.asyncio.Redis, answer_id: uuid.UUID) -> dict[str, Any] | None:
    if await client.exists(streams.alive_key(answer_id)):
        return None
    ending: dict[str, Any] = await database_sync_to_async(_ending)(answer_id)
    return ending


def _ending(answer_id: uuid.UUID) -> dict[str, Any]:
    """Close the answer if nobody else did, and return its last frame."""
    answer = answers.load(answer_id)
    if answer.status == MessageStatus.STREAMING:
        recovery.close_dead_answers(conversation_id=answer.conversation_id)
        answer = answers.load(answer_id)
    return as_frame(payloads.ending(answer))


async def _in_own_thread(answer_id: uuid.UUID) -> None:
    """Write one answer; the thread's connection does not outlive the thread."""
    async with ThreadSensitiveContext():
        try:
            await _run(answer_id)
        finally:
            await sync_to_async(connections.close_all)()


async def _run(answer_id: uuid.UUID) -> None:
    """Write one answer: append every event to its stream, keep the heartbeat, obey a stop."""
    stopping, is_gone = asyncio.Event(), False
    control = asyncio.create_task(_control(answer_id, stopping))
    try:
        async with (
            streams.connection() as client,
            aclosing(answering.answer(answer_id=answer_id, stop=stopping)) as events,
        ):
            log = streams.EventLog(client, answer_id)
            async for event in events:
                await log.append(event)
    except answers.AnswerGone:
        is_gone = True
    except Exception as error:  # noqa: BLE001  (a task that nobody awaits must not die silently)
        logger.error("run_failed", error=type(error.__cause__ or error).__name__)  # noqa: TRY400
    finally:
        control.cancel()
        await asyncio.gather(control, return_exceptions=True)
        await _leave(answer_id, is_gone=is_gone)


async def _leave(answer_id: uuid.UUID, *, is_gone: bool) -> None:
    """Stop counting as alive at once, and forget what was said if it was deleted; without Redis the keys expire."""
    keys = [streams.alive_key(answer_id), streams.commands_key(answer_id)]
    with suppress(streams.LiveServiceDown):
        async with streams.connection() as client:
            await client.delete(*keys, *([streams.events_key(answer_id)] if is_gone else []))


async def _control(answer_id: uuid.UUID, stopping: asyncio.Event) -> None:
    """Beat, and wait for a command, until cancelled."""
    async with streams.connection() as client:
        while True:
            try:
                await client.set(streams.alive_key(answer_id), "1", ex=streams.ALIVE)
                if await client.blpop([streams.commands_key(answer_id)], timeout=BEAT):
                    stopping.set()
            except redis.RedisError:
                await asyncio.sleep(BEAT)
