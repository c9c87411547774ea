"""One id for each request: the client's when it is well-formed, else a new one; returned, logged and audited."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Give the request its id, and the answer the same in `X-Request-ID`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = well_formed(request.headers.get(HEADER)) or new_id()
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            response = self.get_response(request)
        finally:
            structlog.contextvars.clear_contextvars()
        response[HEADER] = request_id
        return response


def well_formed(given: object) -> str:
    """Return an id that a client gave if it is 1–64 letters, digits, `.`, `_` or `-`; else ""."""
    return given if isinstance(given, str) and _WELL_FORMED.fullmatch(given) else ""


def new_id() -> str:
    """Return a new request id."""
    return uuid.uuid4().hex


def id_of(request: object) -> str:
    """Return the id of a request, Django's or the API's; "" when it has none."""
    return str(getattr(request, "request_id", ""))
