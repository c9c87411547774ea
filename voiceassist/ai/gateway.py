"""The only caller of chat models: time limits, retries, and errors that a user can act on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

import stamina
import structlog
from django.conf import settings

from voiceassist.ai.errors import ModelUnavailable, Reason
from voiceassist.ai.metrics import counted
from voiceassist.ai.ports import ChatMessage, ChatModel, TimeLimits
from voiceassist.ai.routing import Route

ATTEMPTS = 3
LONGEST_WAIT = 5.0  # seconds; a server that asks for more is reported as busy
ANSWER_LIMIT = 32_000  # characters
PROVIDER = "openai_compatible"

logger = structlog.get_logger(__name__)


def chat_model() -> ChatModel:
    """Build the configured chat model. Raises ImproperlyConfigured unless it is on this machine."""
    from voiceassist.ai.providers.openai_compatible import OpenAICompatibleChat

    return OpenAICompatibleChat(base_url=settings.OPENAI_BASE_URL, api_key=settings.OPENAI_API_KEY, model=model_name())


def model_name() -> str:
    """Return the name of the configured chat model, as its endpoint knows it."""
    name: str = settings.OPENAI_MODEL
    return name


def time_limits() -> TimeLimits:
    """Return the operator's time limits, or the defaults."""
    limits: TimeLimits = getattr(settings, "MODEL_TIME_LIMITS", TimeLimits())
    return limits


async def stream_chat(
    *, messages: Sequence[ChatMessage], limits: TimeLimits | None = None
) -> AsyncGenerator[str, None]:
    """Yield the model's answer piece by piece.

    Asks again, with jitter, only before the first piece, and only when the model is busy, failing or not
    reachable. Raises ModelUnavailable; what was yielded before stays valid.
    """
    model = await asyncio.to_thread(chat_model)  # the first import of the client takes a second
    clock = _Clock.start(limits or time_limits())
    try:
        with counted(provider=PROVIDER, route=Route.LOCAL):
            async with aclosing(_bounded(model, messages, clock)) as pieces:
                async for piece in pieces:
                    yield piece
    except ModelUnavailable as error:
        logger.warning("model_unavailable", reason=error.reason.value)
        raise


async def list_models(*, within: float) -> list[str]:
    """Return the names of the models that the endpoint has, asked once. Raises ModelUnavailable."""
    model = await asyncio.to_thread(chat_model)
    try:
        async with asyncio.timeout(within):
            return await model.models(connect_timeout=within)
    except TimeoutError:
        raise ModelUnavailable(Reason.TIMEOUT) from None


async def embedding_dimension(*, embedding_model: str, within: float) -> int:
    """Return the length of the vectors that the endpoint's embedding model gives. Raises ModelUnavailable."""
    model = await asyncio.to_thread(chat_model)
    try:
        async with asyncio.timeout(within):
            return await model.embedding_dimension(embedding_model, connect_timeout=within)
    except TimeoutError:
        raise ModelUnavailable(Reason.TIMEOUT) from None


@dataclass(frozen=True, slots=True)
class _Clock:
    """Deadlines of one answer in event-loop time."""

    limits: TimeLimits
    end: float

    @classmethod
    def start(cls, limits: TimeLimits) -> _Clock:
        return cls(limits=limits, end=asyncio.get_running_loop().time() + limits.total)

    def within(self, seconds: float) -> asyncio.Timeout:
        """Return a time-out after `seconds`, or at the end of the whole answer if that is sooner."""
        return asyncio.timeout_at(min(asyncio.get_running_loop().time() + seconds, self.end))


async def _bounded(model: ChatModel, messages: Sequence[ChatMessage], clock: _Clock) -> AsyncGenerator[str, None]:
    """Yield the first piece after retries, then the rest, up to the length limit."""
    piece, pieces = await _open(model, messages, clock)
    length = 0
    async with aclosing(pieces):
        while piece is not None:
            length += len(piece)
            if length > ANSWER_LIMIT:
                raise ModelUnavailable(Reason.TOO_LONG)
            yield piece
            piece = await _next(pieces, clock, clock.limits.between_tokens)


async def _open(
    model: ChatModel, messages: Sequence[ChatMessage], clock: _Clock
) -> tuple[str | None, AsyncGenerator[str, None]]:
    """Start the answer, with retries; return its first piece (none if it is empty) and the rest."""
    async for attempt in stamina.retry_context(
        on=_when_to_retry, attempts=ATTEMPTS, timeout=clock.limits.total, wait_initial=0.2, wait_jitter=0.5
    ):
        with attempt:
            pieces = model.stream(messages, connect_timeout=clock.limits.connect)
            try:
                return await _next(pieces, clock, clock.limits.first_token), pieces
            except BaseException:
                await pieces.aclose()
                raise
    raise AssertionError("stamina returns or raises")


async def _next(pieces: AsyncGenerator[str, None], clock: _Clock, seconds: float) -> str | None:
    """Wait for the next piece; None at the end of the answer."""
    try:
        async with clock.within(seconds):
            return await anext(pieces, None)
    except TimeoutError:
        raise ModelUnavailable(Reason.TIMEOUT) from None


def _when_to_retry(error: Exception) -> bool | timedelta:
    """Decide whether, and if the server said so when, to ask again."""
    if not isinstance(error, ModelUnavailable) or not error.may_pass:
        return False
    if error.retry_after is None:
        return True
    return timedelta(seconds=error.retry_after) if error.retry_after <= LONGEST_WAIT else False
