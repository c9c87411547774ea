"""How much a request may carry, decided before anything reads it.

Two parts: an ASGI wrapper that answers 413, and daphne's request class without its two costly habits.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol
from urllib.parse import unquote

import daphne.http_protocol  # type: ignore[import-untyped]
from django.conf import settings
from django.http import parse_cookie

from voiceassist.core.api.aliases import canonical, is_api
from voiceassist.core.api.envelope import error_body, failure
from voiceassist.core.errors import DomainError, ErrorCode
from voiceassist.core.request_id import HEADER, new_id, well_formed

SMALL = 1_000_000  # bytes: every form of ours
SLACK = 1_000_000  # bytes: the fields beside a file
BUFFER = 256 * 1024  # bytes that daphne hands on at once; with its own 8192 it queues 25,000 pieces for 200 MB


Headers = Mapping[str, str]


class LooksSignedIn(Protocol):
    def __call__(self, *, session_key: str, bearer: str) -> Awaitable[bool]: ...


class BodyTooLarge(DomainError):
    code = ErrorCode.FILE_TOO_LARGE
    http_status = 413
    user_message = "This is larger than the server takes here. Send less, or a smaller file."


def largest_upload() -> int:
    """Return the bytes that a request with a document may have."""
    return settings.LIBRARY_MAX_FILE_SIZE_MB * 1024 * 1024 + SLACK


@dataclass(frozen=True, slots=True)
class Uploads:
    """Which requests may be long: forms with a file, at certain paths, of somebody who looks signed in.

    `looks_signed_in` gets the session key and the bearer token that a request carries, either may be empty.
    """

    paths: frozenset[str]
    looks_signed_in: LooksSignedIn

    def may_hold_a_file(self, path: str, headers: Headers) -> bool:
        """Tell whether a request is worth asking about."""
        is_form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        return is_form and canonical(path) in self.paths and any(_credentials(headers).values())

    async def limit(self, path: str, headers: Headers) -> int:
        """Return how many bytes a request may carry."""
        if not self.may_hold_a_file(path, headers):
            return SMALL
        return largest_upload() if await self.looks_signed_in(**_credentials(headers)) else SMALL


class BodyLimit:
    """Answer 413 to a request that carries too much, by its Content-Length or by what arrives.

    Who asks is found out once a request carries more than a form of ours, and not before.
    """

    def __init__(self, application: Any, *, uploads: Uploads) -> None:
        self.application = application
        self.uploads = uploads

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        limit = SMALL
        if _declared(scope) > SMALL:
            limit = await self._limit(scope)
        if _declared(scope) > limit:
            await _refuse(scope, send)
            return
        began = False
        received = 0

        async def counted() -> dict[str, Any]:
            nonlocal received, limit
            message: dict[str, Any] = await receive()
            received += len(message.get("body", b""))
            if received > limit == SMALL:
                limit = await self._limit(scope)
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

    async def _limit(self, scope: dict[str, Any]) -> int:
        return await self.uploads.limit(scope["path"], _headers(scope["headers"]))


class _TooLarge(Exception):
    """More came than the request may carry."""


def _declared(scope: dict[str, Any]) -> int:
    """Return the Content-Length, 0 without one; what is no number is for the server to refuse."""
    values = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    return max((int(value) for value in values if value.isdigit()), default=0)


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the headers by lower-case name; cookies in several of them are put together."""
    headers: dict[str, str] = {}
    for given, value in pairs:
        name = given.decode("latin1").lower()
        before = f"{headers[name]}; " if name == "cookie" and name in headers else ""
        headers[name] = before + value.decode("latin1")
    return headers


def _credentials(headers: Headers) -> dict[str, str]:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    cookies = parse_cookie(headers.get("cookie", ""))
    return {
        "session_key": cookies.get(settings.SESSION_COOKIE_NAME, ""),
        "bearer": token.strip() if scheme.lower() == "bearer" else "",
    }


async def _refuse(scope: dict[str, Any], send: Any) -> None:
    """Say so in the API's envelope, or in a line of text."""
    request_id = well_formed(_headers(scope["headers"]).get(HEADER.lower())) or new_id()
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
    body that is too long anyway only so much is kept that BodyLimit sees it. While it is found out who sends a long
    one, nothing is read.
    """

    uploads: Uploads

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._parsePOSTFormSubmission = False
        self.server.request_buffer_size = BUFFER
        self._kept = 0
        self._limit = SMALL
        self._decision: asyncio.Task[None] | None = None

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802  (Twisted's name)
        """Keep what this request may have, and a byte more."""
        if self._kept + len(data) > SMALL and self._decision is None and self._is_worth_asking():
            self._limit = largest_upload()  # for what is on its way already; at most one read of the socket
            self.channel._networkProducer.pauseProducing()  # noqa: SLF001  (Twisted offers no other way)
            self._decision = asyncio.get_running_loop().create_task(self._decide())
        data = data[: max(0, self._limit + 1 - self._kept)]
        self._kept += len(data)
        super().handleContentChunk(data)

    async def _decide(self) -> None:
        limit = SMALL
        try:
            limit = await self.uploads.limit(self._path(), self._headers())
        finally:
            self._limit = limit
            if self.channel is not None:
                self.channel._networkProducer.resumeProducing()  # noqa: SLF001

    def _is_worth_asking(self) -> bool:
        return self.uploads.may_hold_a_file(self._path(), self._headers())

    def _path(self) -> str:
        """Return the path; Twisted tells the request its own only when all has come."""
        path: bytes = getattr(self.channel, "_path", b"")
        return unquote(path.partition(b"?")[0].decode("latin1"))

    def _headers(self) -> Headers:
        raw = self.requestHeaders.getAllRawHeaders()
        return _headers((name, value) for name, values in raw for value in values)


def bound_requests_of_daphne(uploads: Uploads) -> None:
    """Let daphne, however it was started, make its requests of our class; it offers no option for that."""
    BoundedRequest.uploads = uploads
    daphne.http_protocol.WebRequest = BoundedRequest
