"""The mapper from errors to HTML pages and plain JSON."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.defaults import page_not_found as no_such_page
from django.views.defaults import server_error as something_went_wrong

from voiceassist.core.api.aliases import is_api
from voiceassist.core.api.envelope import failure_response
from voiceassist.core.errors import DatabaseDown, DomainError, Forbidden, NotFound, ServerFault


class DomainErrorMiddleware:
    """Turn a DomainError raised by a view into a response that says what happened."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Map domain errors; let everything unexpected propagate."""
        return refusal_response(exception, request=request) if isinstance(exception, DomainError) else None


def refusal_response(error: DomainError, *, request: HttpRequest) -> HttpResponse:
    """Say what is wrong in the client's own form: the envelope, or a page."""
    if wants_json(request):
        return failure_response(error, request=request)
    context = {"status": error.http_status, "message": error.user_message}
    response = render(request, "core/error.html", context, status=error.http_status)
    if error.retry_after is not None:
        response["Retry-After"] = str(math.ceil(error.retry_after))
    return response


def wants_json(request: HttpRequest) -> bool:
    """Tell the API's and other JSON clients from a browser."""
    accepted = request.get_preferred_type(["text/html", "application/json"])
    return is_api(request.path_info) or accepted == "application/json"


def server_error(request: HttpRequest) -> HttpResponse:
    """Say so when the database is down, wherever that came up, and show the page for our own mistakes otherwise."""
    is_down = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    if wants_json(request):
        return failure_response(DatabaseDown() if is_down else ServerFault(), request=request)
    if not is_down:
        return something_went_wrong(request)
    down = DatabaseDown()
    context = {"status": down.http_status, "message": down.user_message}
    return HttpResponse(render_to_string("core/error.html", context), status=down.http_status)  # without the user


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that an address leads nowhere, in the client's own form."""
    if wants_json(request):
        return failure_response(NotFound("This address does not exist."), request=request)
    return no_such_page(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 (Django's signature)
    """Refuse a form that did not come from our own page."""
    if wants_json(request):
        return failure_response(Forbidden("The CSRF token is missing or wrong."), request=request)
    return render(request, "403_csrf.html", status=403)
