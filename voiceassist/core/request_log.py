"""One log line for each request, with its route instead of its address: addresses may hold patients' words."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import structlog
from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from voiceassist.core.client_address import address_of
from voiceassist.core.metrics import REQUEST_SECONDS, REQUESTS
from voiceassist.core.user_id import user_id_of

NO_ROUTE = "?"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

logger = structlog.get_logger(__name__)


class RequestLogMiddleware:
    """Log and count method, route, status, user and time; never a path, a query, a user agent.

    It stands above whatever may answer by itself, such as the sign-in, and below what answers files and health checks.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        _record(request, status=response.status_code, seconds=time.perf_counter() - began)
        return response


def _record(request: HttpRequest, *, status: int, seconds: float) -> None:
    facts = _facts(request)
    REQUESTS.labels(facts["method"], facts["route"], status).inc()
    REQUEST_SECONDS.labels(facts["method"], facts["route"]).observe(seconds)
    log = logger.warning if status >= 500 else logger.info
    log("request_finished", **facts, status=status, duration_ms=round(seconds * 1000, 1), ip=address_of(request))


@receiver(got_request_exception)
def log_failure(request: HttpRequest | None = None, **_: object) -> None:
    """Log what a view raised and nobody expected."""
    logger.error("request_failed", exc_info=sys.exc_info()[1], **(_facts(request) if request else {}))


def _facts(request: HttpRequest) -> dict[str, Any]:
    """Return who asked for what. API views authenticate late and leave their user on the request, as forms do."""
    return {
        "method": request.method if request.method in METHODS else "OTHER",
        "route": request.resolver_match.route if request.resolver_match else NO_ROUTE,
        "user_id": user_id_of(vars(request).get("user")),
    }
