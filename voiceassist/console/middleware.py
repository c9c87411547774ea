from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from voiceassist.console import views

CONSOLE_PATH = "/console/"
_LOOSER = {
    "script-src": ["'self'", "'unsafe-eval'", "'unsafe-inline'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}


WATCHED = {
    "/health": views.ready,
    "/health/ready": views.ready,
    "/health/live": views.live,
    "/health/openai": views.openai,
    "/metrics": views.metrics,
}


class HealthMiddleware:
    """Answer health checks and metrics before anything that needs the database, a valid Host header or a log line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = WATCHED.get(request.path.rstrip("/"))
        return view(request) if view else self.get_response(request)


class ConsolePolicyMiddleware:
    """Loosen the content security policy on the console only: the admin theme's Alpine.js needs eval.

    It stands below CSPMiddleware, which reads the mark left on the response.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(CONSOLE_PATH):
            response._csp_update = _LOOSER  # type: ignore[attr-defined]  # noqa: SLF001 (django-csp's own hook)
        return response
