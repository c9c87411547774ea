"""Answers whose process died are closed, with everything that was said."""

from __future__ import annotations

import uuid

import redis
import structlog

from conversations import queries
from conversations.events import Delta
from conversations.models import Message, MessageStatus
from conversations.services import answers, payloads, streams

INTERRUPTED = (
    "The server stopped while it wrote this answer. Your question is kept, and so is anything already "
    "written. Choose Regenerate to try again."
)

logger = structlog.get_logger(__name__)


def close_dead_answers(*, conversation_id: uuid.UUID) -> None:
    """End as interrupted every answer of a conversation that nobody writes any more.

    Without Redis nobody can tell, and nothing is changed.
    """
    unfinished = list(queries.streaming_messages(conversation_id))
    if not unfinished:
        return
    try:
        with streams.sync_connection() as client:
            for answer in unfinished:
                _close_if_dead(client, answer)
    except redis.RedisError as error:
        logger.warning("dead_answers_not_checked", error=type(error).__name__)


def _close_if_dead(client: redis.Redis, answer: Message) -> None:
    if client.exists(streams.alive_key(answer.pk)):
        return
    frames = streams.recorded(client, answer.pk)
    streamed = "".join(frame["text"] for frame in frames if frame["type"] == Delta.type)
    closed = answers.finish(
        answer_id=answer.pk,
        status=MessageStatus.INTERRUPTED,
        content=max(streamed, answer.content, key=len),
        error=INTERRUPTED,
    )
    last = frames[-1]["seq"] if frames else 0
    streams.append_last(client, answer.pk, payloads.ending(closed), seq=last + 1)
