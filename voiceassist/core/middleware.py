"""The mapper from errors to HTML pages and plain JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.defaults import server_error as something_went_wrong

from voiceassist.core.errors import DomainError, ErrorCode


class DatabaseDown(DomainError):
    """PostgreSQL does not answer."""

    code = ErrorCode.INTERNAL_ERROR
    http_status = 503
    user_message = (
        "The database cannot be reached at the moment. Nothing that was saved is lost; try again in a minute."
    )


class DomainErrorMiddleware:
    """Turn a DomainError raised by a view into a response that says what happened."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Map domain errors; let everything unexpected propagate."""
        if not isinstance(exception, DomainError):
            return None
        if wants_json(request):
            return _as_json(exception)
        context = {"status": exception.http_status, "message": exception.user_message}
        return render(request, "core/error.html", context, status=exception.http_status)


def wants_json(request: HttpRequest) -> bool:
    """Tell a JSON client from a browser by its Accept header."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def server_error(request: HttpRequest) -> HttpResponse:
    """Say so when the database is down, wherever that came up, and show the page for our own mistakes otherwise."""
    if not isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return something_went_wrong(request)
    down = DatabaseDown()
    if wants_json(request):
        return _as_json(down)
    context = {"status": down.http_status, "message": down.user_message}
    return HttpResponse(render_to_string("core/error.html", context), status=down.http_status)  # without the user


def _as_json(error: DomainError) -> JsonResponse:
    body = {"code": error.code, "message": error.user_message}
    return JsonResponse({"success": False, "data": None, "error": body}, status=error.http_status)
