"""How much a request may carry, decided before anything reads it.

Two parts: an ASGI wrapper that answers 413, and daphne's request class without its two costly habits.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import daphne.http_protocol  # type: ignore[import-untyped]
from django.conf import settings

from voiceassist.core.api.aliases import canonical, is_api
from voiceassist.core.api.envelope import error_body, failure
from voiceassist.core.errors import DomainError, ErrorCode
from voiceassist.core.request_id import HEADER, new_id, well_formed

SMALL = 1_000_000  # bytes: every form of ours
SLACK = 1_000_000  # bytes: the fields beside a file
BUFFER = 256 * 1024  # bytes that daphne hands on at once; with its own 8192 it queues 25,000 pieces for 200 MB


class BodyTooLarge(DomainError):
    code = ErrorCode.FILE_TOO_LARGE
    http_status = 413
    user_message = "This is larger than the server takes here. Send less, or a smaller file."


def largest_upload() -> int:
    """Return the bytes that a request with a document may have."""
    return settings.LIBRARY_MAX_FILE_SIZE_MB * 1024 * 1024 + SLACK


class BodyLimit:
    """Answer 413 to a request that carries too much, by its Content-Length or by what arrives.

    `uploads` are the paths that take a document, from somebody who has a session cookie or a token.
    """

    def __init__(self, application: Any, *, uploads: Iterable[str]) -> None:
        self.application = application
        self.uploads = frozenset(uploads)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        limit = self._limit(scope)
        if _declared(scope) > limit:
            await _refuse(scope, send)
            return
        began = False
        received = 0

        async def counted() -> dict[str, Any]:
            nonlocal received
            message: dict[str, Any] = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise _TooLarge
            if message.get("more_body"):
                await asyncio.sleep(0)  # a long body that is here already must not hold up the others
            return message

        async def noted(message: dict[str, Any]) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self.application(scope, counted, noted)
        except _TooLarge:
            if not began:
                await _refuse(scope, send)

    def _limit(self, scope: dict[str, Any]) -> int:
        return largest_upload() if canonical(scope["path"]) in self.uploads and _has_session(scope) else SMALL


class _TooLarge(Exception):
    """More came than the request may carry."""


def _declared(scope: dict[str, Any]) -> int:
    """Return the Content-Length, 0 without one; what is no number is for the server to refuse."""
    values = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    return max((int(value) for value in values if value.isdigit()), default=0)


def _has_session(scope: dict[str, Any]) -> bool:
    if _header(scope, b"authorization"):
        return True
    cookies = b";".join(value for name, value in scope["headers"] if name.lower() == b"cookie").split(b";")
    return settings.SESSION_COOKIE_NAME.encode() in {cookie.partition(b"=")[0].strip() for cookie in cookies}


def _header(scope: dict[str, Any], name: bytes) -> str:
    """Return the first header of that name, or ""."""
    return next((value.decode("latin1") for given, value in scope["headers"] if given.lower() == name), "")


async def _refuse(scope: dict[str, Any], send: Any) -> None:
    """Say so in the API's envelope, or in a line of text."""
    request_id = well_formed(_header(scope, HEADER.lower().encode())) or new_id()
    if is_api(scope["path"]):
        request = SimpleNamespace(request_id=request_id)
        kind, body = "application/json", json.dumps(failure(error_body(BodyTooLarge()), request=request))
    else:
        kind, body = "text/plain; charset=utf-8", f"{BodyTooLarge.user_message}\n"
    headers = {"content-type": kind, "content-length": str(len(body)), HEADER: request_id}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": 413, "headers": pairs})
    await send({"type": "http.response.body", "body": body.encode()})


class BoundedRequest(daphne.http_protocol.WebRequest):
    """A request of daphne's that neither parses a form nor keeps more of a body than can be of use.

    Twisted reads every multipart form into memory and parses it on the event loop, for `request.args`, which nobody
    reads here: 199 MB took 10 s and 2.7 GB. And all that a client sends is kept before the application is asked; of a
    body that is too long anyway only so much is kept that BodyLimit sees it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parsePOSTFormSubmission = False
        self.server.request_buffer_size = BUFFER
        self._kept = 0

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802  (Twisted's name)
        """Keep what the largest request allowed to this client may have, and a byte more."""
        has_session = settings.SESSION_COOKIE_NAME.encode() in self.received_cookies or self.requestHeaders.hasHeader(
            b"authorization"
        )
        data = data[: max(0, (largest_upload() if has_session else SMALL) + 1 - self._kept)]
        self._kept += len(data)
        super().handleContentChunk(data)


def bound_requests_of_daphne() -> None:
    """Let daphne, however it was started, make its requests of our class; it offers no option for that."""
    daphne.http_protocol.WebRequest = BoundedRequest
