"""The mapper from domain errors to HTML pages and plain JSON."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from voiceassist.core.errors import DomainError


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
            error = {"code": exception.code, "message": exception.user_message}
            return JsonResponse({"success": False, "data": None, "error": error}, status=exception.http_status)
        context = {"status": exception.http_status, "message": exception.user_message}
        return render(request, "core/error.html", context, status=exception.http_status)


def wants_json(request: HttpRequest) -> bool:
    """Tell a JSON client from a browser by its Accept header."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
