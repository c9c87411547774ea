"""One log line for each request, with its route instead of its address: addresses may hold patients' words."""

from __future__ import annotations

import structlog
from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware


class RequestLogMiddleware(RequestMiddleware):
    """Log method, route, status, user and errors; never a path, a query, a user agent ."""

    def prepare(self, request: HttpRequest) -> None:
        """Log nothing yet: at the end, the route is known. The id is bound already (`core.request_id`)."""
        self.bind_ip(request)

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return the method and the pattern of the route, or "?" where there is none."""
        return f"{request.method} {request.resolver_match.route if request.resolver_match else '?'}"

    @staticmethod
    def bind_user_id(request: HttpRequest) -> None:
        """Name the user if the request itself asked for one: to ask now may fail with the database."""
        user = getattr(request, "_cached_user", None)
        structlog.contextvars.bind_contextvars(user_id=str(user.pk) if user and user.pk else None)
