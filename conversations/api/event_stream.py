"""Server-sent events (WHATWG HTML, 9.2): the frames of the chat socket, for clients that only speak HTTP.

    id: 7
    event: message.delta
    data: {"type": "message.delta", "seq": 7, ...}

Ids are the frames' `seq`, so that a client that sends `Last-Event-ID` misses nothing and gets nothing twice. A comment
every fifteen seconds keeps proxies from closing a quiet stream. A client that goes away does not end the answer.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import structlog
from django.http import StreamingHttpResponse
from rest_framework.request import Request

from conversations.services import runs
from voiceassist.core.errors import DomainError, ServerFault, Unauthorized

MEDIA_TYPE = "text/event-stream"
BEAT = 15.0  # seconds of silence until a comment is sent
RECHECK = 1.0  # seconds between checks of the sign-in while an answer streams
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

T = TypeVar("T")
logger = structlog.get_logger(__name__)


def is_wanted(request: Request) -> bool:
    """Tell whether the client prefers a stream; one that takes anything gets JSON."""
    return request._request.get_preferred_type(["application/json", MEDIA_TYPE]) == MEDIA_TYPE  # noqa: SLF001


def last_event_id(request: Request) -> int:
    """Return the `seq` that the client saw last; 0 for none, or what is no `seq`."""
    given = request.headers.get("Last-Event-ID", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 0


def event_stream(
    *,
    accepted: dict[str, Any],
    answer_id: uuid.UUID,
    after: int,
    request_id: str,
    still_signed_in: Callable[[], Awaitable[bool]],
) -> StreamingHttpResponse:
    """Answer with an answer's frames as they come, the accepted one first."""
    lines = _lines(accepted, answer_id, after, request_id, still_signed_in)
    return StreamingHttpResponse(lines, content_type=MEDIA_TYPE, headers=HEADERS)


async def _lines(
    accepted: dict[str, Any],
    answer_id: uuid.UUID,
    after: int,
    request_id: str,
    still_signed_in: Callable[[], Awaitable[bool]],
) -> AsyncGenerator[str, None]:
    about = {"request_id": request_id}
    yield _event({**accepted, **about})
    try:
        async with aclosing(_frames(answer_id, after, still_signed_in)) as frames:
            async for frame in frames:
                yield ": still here\n\n" if frame is None else _event({**frame, **about})
    except DomainError as error:
        yield _event(_refusal(error) | about)
    except Exception as error:  # noqa: BLE001 (the status is sent already: say it in the stream)
        logger.error("event_stream_failed", error=type(error).__name__, **about)  # noqa: TRY400 (a traceback may quote text)
        yield _event(_refusal(ServerFault()) | about)


async def _frames(
    answer_id: uuid.UUID, after: int, still_signed_in: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[dict[str, Any] | None, None]:
    """Yield frames, None after each silence, and a refusal as the last once the sign-in has ended or is locked."""
    now = asyncio.get_running_loop().time
    checked_at = sent_at = now()
    async with aclosing(with_beats(runs.follow(answer_id, after=after), every=min(BEAT, RECHECK))) as frames:
        async for frame in frames:
            if now() - checked_at >= RECHECK:
                checked_at = now()
                if not await still_signed_in():
                    yield _refusal(Unauthorized())  # at once: putting the reader away takes its time
                    return
            if frame is not None or now() - sent_at >= BEAT:
                sent_at = now()
                yield frame


async def with_beats(pieces: AsyncGenerator[T, None], *, every: float) -> AsyncGenerator[T | None, None]:
    """Yield what `pieces` yields, and None whenever nothing came for `every` seconds."""
    coming: asyncio.Task[T | None] | None = None
    try:
        while True:
            coming = coming or asyncio.create_task(_next(pieces))
            await asyncio.wait({coming}, timeout=every)
            if not coming.done():
                yield None
                continue
            piece, coming = coming.result(), None
            if piece is None:
                return
            yield piece
    finally:
        if coming is not None:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await pieces.aclose()


async def _next(pieces: AsyncGenerator[T, None]) -> T | None:
    return await anext(pieces, None)


def _refusal(error: DomainError) -> dict[str, Any]:
    return {"type": "error", "code": error.code, "message": error.user_message}


def _event(frame: dict[str, Any]) -> str:
    seq = f"id: {frame['seq']}\n" if "seq" in frame else ""
    return f"{seq}event: {frame['type']}\ndata: {json.dumps(frame, ensure_ascii=False)}\n\n"
