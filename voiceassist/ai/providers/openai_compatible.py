"""Any server that speaks the OpenAI Chat Completions protocol, on this machine.

Protocol: https://platform.openai.com/docs/api-reference/chat-streaming (server-sent
events, the last one `[DONE]`).
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import cast

import httpx2
import openai
import openai.resources.chat  # or the first question pays for it within its time limit
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from voiceassist.ai.checks import check_endpoint
from voiceassist.ai.errors import ModelUnavailable, Reason
from voiceassist.ai.ports import ChatMessage

RESPONSE_LIMIT = 16 * 1024 * 1024  # bytes; an answer within the gateway's limit stays far below
LINE_LIMIT = 256 * 1024  # bytes

logging.getLogger("openai").setLevel(logging.WARNING)  # at DEBUG, which OPENAI_LOG asks for, it logs prompts


class OpenAICompatibleChat:
    """A chat model behind an OpenAI-compatible endpoint. The endpoint is checked again here."""

    def __init__(self, *, base_url: str, api_key: str, model: str) -> None:
        check_endpoint(base_url)
        self.name = model
        self._base_url = base_url
        self._api_key = api_key or "none"

    async def stream(self, messages: Sequence[ChatMessage], *, connect_timeout: float) -> AsyncGenerator[str, None]:
        """Yield the answer's text in order, never an empty piece. Raises ModelUnavailable."""
        with _named_errors():
            async with self._client(connect_timeout) as client:
                chunks = await client.chat.completions.create(
                    model=self.name,
                    messages=_as_parameters(messages),
                    stream=True,
                )
                async with chunks:
                    async for text in _texts(chunks):
                        yield text

    async def models(self, *, connect_timeout: float) -> list[str]:
        """Return the names of the models that the endpoint lists. Raises ModelUnavailable."""
        with _named_errors():
            async with self._client(connect_timeout) as client:
                page = await client.models.list()
                return [model.id for model in page.data]

    async def embedding_dimension(self, model: str, *, connect_timeout: float) -> int:
        """Embed a word of no meaning and return the length of its vector. Raises ModelUnavailable."""
        with _named_errors():
            async with self._client(connect_timeout) as client:
                answer = await client.embeddings.create(model=model, input="ready", encoding_format="float")
                return len(answer.data[0].embedding)

    def _client(self, connect_timeout: float) -> openai.AsyncOpenAI:
        """Make a client that goes to the endpoint only: no proxy, no redirect, no retry of its own."""
        http_client = httpx2.AsyncClient(
            transport=_BoundedTransport(trust_env=False),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(None, connect=connect_timeout),
        )
        return openai.AsyncOpenAI(
            base_url=self._base_url,
            api_key=self._api_key,
            organization="",
            project="",
            max_retries=0,
            http_client=http_client,
            default_headers={"Accept-Encoding": "identity"},
        )


class _BoundedTransport(httpx2.AsyncHTTPTransport):
    """Stops reading a response that never ends, or never ends a line."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101  (an async transport's always is)
        response.stream = _BoundedStream(response.stream)
        return response


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = line = 0
        async for part in self._inner:
            total += len(part)
            line = len(part) - part.rfind(b"\n") - 1 if b"\n" in part else line + len(part)
            if total > RESPONSE_LIMIT or line > LINE_LIMIT:
                raise ModelUnavailable(Reason.TOO_LONG)
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()


def _as_parameters(messages: Sequence[ChatMessage]) -> list[ChatCompletionMessageParam]:
    return [cast("ChatCompletionMessageParam", {"role": m.role, "content": m.content}) for m in messages]


async def _texts(chunks: openai.AsyncStream[ChatCompletionChunk]) -> AsyncGenerator[str, None]:
    """Yield the text of each chunk. A stream that ends without a finish reason was cut."""
    finish: str | None = None
    async for chunk in chunks:
        for choice in chunk.choices[:1]:
            finish = choice.finish_reason or finish
            if choice.delta.content:
                yield choice.delta.content
    if finish != "stop":
        raise ModelUnavailable({"length": Reason.TOO_LONG, None: Reason.CUT}.get(finish, Reason.REFUSED))


@contextmanager
def _named_errors() -> Iterator[None]:
    """Translate what the client raises; drop its messages, which may quote the prompt."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _from_status(error) from None
    except openai.APITimeoutError:
        raise ModelUnavailable(Reason.TIMEOUT) from None
    except openai.APIConnectionError as error:
        raise ModelUnavailable(_from_connection(error)) from None
    except openai.APIError:
        raise ModelUnavailable(Reason.SERVER_ERROR) from None
    except (json.JSONDecodeError, UnicodeDecodeError, AttributeError, TypeError, IndexError):
        raise ModelUnavailable(Reason.UNREADABLE) from None


def _from_connection(error: openai.APIConnectionError) -> Reason:
    """Tell a connection that was never made from one that broke."""
    if isinstance(error.__cause__, httpx2.ConnectError):
        return Reason.UNREACHABLE
    return Reason.CUT


def _from_status(error: openai.APIStatusError) -> ModelUnavailable:
    status = error.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ModelUnavailable(Reason.RATE_LIMITED, retry_after=_retry_after(error.response))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ModelUnavailable(Reason.SERVER_ERROR)
    if status < HTTPStatus.BAD_REQUEST:
        return ModelUnavailable(Reason.REDIRECTED)
    return ModelUnavailable(Reason.UNAUTHORIZED if status in {401, 403} else Reason.REFUSED)


def _retry_after(response: httpx2.Response) -> float | None:
    """Read Retry-After in seconds (RFC 9110, 10.2.3); the form with a date is treated as absent."""
    try:
        seconds = float(response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None
