"""The API's mapper from errors to the envelope."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from voiceassist.core.api.envelope import error_body
from voiceassist.core.errors import DatabaseDown, DomainError, Forbidden, NotFound, NotValid, Unauthorized
from voiceassist.core.rate_limits import RateLimited


class MethodNotAllowed(DomainError):
    http_status = 405
    user_message = "This address does not take this method."


class BodyNotUnderstood(DomainError):
    user_message = "The body is not valid JSON."


class MediaTypeNotTaken(DomainError):
    http_status = 415
    user_message = "This address does not take this content type. Send application/json."


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into an answer; what is unexpected propagates and is logged."""
    fact = to_domain_error(error)
    if fact is None:
        return None
    set_rollback()
    response = Response(error_body(fact), status=fact.http_status)
    if fact.retry_after is not None:
        response["Retry-After"] = str(math.ceil(fact.retry_after))
    if fact.http_status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="api"'
    if isinstance(error, exceptions.MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    return response


def to_domain_error(error: Exception) -> DomainError | None:
    """Return the named fact for an exception of the framework's, None for what nobody expected."""
    if isinstance(error, DomainError):
        return error
    return next((fact(error) for kinds, fact in _FACTS if isinstance(error, kinds)), None)


def _forbidden(error: Any) -> Forbidden:
    reason = str(getattr(error, "detail", ""))
    return Forbidden("The CSRF token is missing or wrong." if reason.startswith("CSRF") else None)


def _not_parsed(error: exceptions.ParseError) -> BodyNotUnderstood:
    is_form = str(error.detail).startswith("Multipart")
    return BodyNotUnderstood("The body is not a valid multipart form." if is_form else None)


def _not_valid(error: exceptions.ValidationError) -> NotValid:
    """Return messages by field; `field` is the first of them."""
    detail: Any = error.detail
    if isinstance(detail, list):
        return NotValid(" ".join(map(str, detail)))
    fields = [name for name in detail if name != "non_field_errors"]
    message = None
    if not fields:
        message = " ".join(map(str, detail["non_field_errors"]))
    return NotValid(message, field=fields[0] if fields else None, details=detail)


_FACTS: list[tuple[Any, Callable[[Any], DomainError]]] = [
    (exceptions.ValidationError, _not_valid),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), lambda _: Unauthorized()),
    ((exceptions.PermissionDenied, PermissionDenied), _forbidden),
    ((exceptions.NotFound, Http404), lambda _: NotFound("This does not exist, or it is not yours to see.")),
    (exceptions.MethodNotAllowed, lambda _: MethodNotAllowed()),
    (exceptions.UnsupportedMediaType, lambda _: MediaTypeNotTaken()),
    (exceptions.ParseError, _not_parsed),
    (SuspiciousOperation, lambda _: BodyNotUnderstood("The body has too many parts, or one that is too long.")),
    (exceptions.Throttled, lambda error: RateLimited(error.wait or 1.0)),
    ((OperationalError, InterfaceError), lambda _: DatabaseDown()),
]
