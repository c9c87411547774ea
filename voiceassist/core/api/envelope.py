"""The envelope around every JSON answer of the API."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, JsonResponse

from voiceassist.core.errors import DomainError
from voiceassist.core.request_id import id_of

API_VERSION = "1.0"


def success(data: Any, *, request: object, pagination: dict[str, int] | None = None) -> dict[str, Any]:
    """Wrap what was asked for."""
    return _envelope(data=data, error=None, request=request, pagination=pagination)


def failure(error: dict[str, Any], *, request: object) -> dict[str, Any]:
    """Wrap an error, as `error_body` makes it."""
    return _envelope(data=None, error=error, request=request, pagination=None)


def error_body(error: DomainError) -> dict[str, Any]:
    """Return `{code, message, details, field}`."""
    return {"code": error.code, "message": error.user_message, "details": error.details, "field": error.field}


def failure_response(error: DomainError, *, request: HttpRequest) -> JsonResponse:
    """Answer a request with an error, for edges that are no API views."""
    response = JsonResponse(failure(error_body(error), request=request), status=error.http_status)
    if error.retry_after is not None:
        response["Retry-After"] = str(math.ceil(error.retry_after))
    if error.http_status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


def _envelope(*, data: Any, error: Any, request: object, pagination: dict[str, int] | None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"version": API_VERSION, "request_id": id_of(request)}
    if pagination is not None:
        metadata["pagination"] = pagination
    return {
        "success": error is None,
        "data": data,
        "error": error,
        "metadata": metadata,
        "timestamp": datetime.now(tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
