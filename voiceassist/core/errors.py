"""Errors are named facts under one base; each edge has one mapper from them to its own form."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """The codes of the API contract that are in use."""

    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 (a code, no secret)
    TOKEN_REVOKED = "TOKEN_REVOKED"  # noqa: S105
    WEAK_PASSWORD = "WEAK_PASSWORD"  # noqa: S105
    EMAIL_NOT_VERIFIED = "EMAIL_NOT_VERIFIED"
    MFA_REQUIRED = "MFA_REQUIRED"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    NOT_FOUND = "NOT_FOUND"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    RATE_LIMITED = "RATE_LIMITED"
    CONFLICT = "CONFLICT"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    FILE_TYPE_NOT_ALLOWED = "FILE_TYPE_NOT_ALLOWED"
    FILE_INFECTED = "FILE_INFECTED"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class DomainError(Exception):
    """A fact the user should be told. `user_message` never holds patient text.

    `field` names the field of a form or a body that is at fault, `details` holds more for a program to read, and
    `retry_after` the seconds to wait before another try.
    """

    code: ErrorCode = ErrorCode.VALIDATION_ERROR
    http_status: int = 400
    user_message: str = "This could not be done."
    field: str | None = None
    details: Any = None
    retry_after: float | None = None

    def __init__(self, user_message: str | None = None, *, field: str | None = None, details: Any = None) -> None:
        self.user_message = user_message or self.user_message
        self.field = field or self.field
        self.details = details if details is not None else self.details
        super().__init__(self.user_message)


class NotFound(DomainError):
    """Missing and forbidden objects look the same."""

    code = ErrorCode.NOT_FOUND
    http_status = 404
    user_message = "This page does not exist, or it is not yours to see."


class Forbidden(DomainError):
    """A route that the user's role may not use."""

    code = ErrorCode.FORBIDDEN
    http_status = 403
    user_message = "Your account has no role for this yet. An administrator can grant one."


class Unauthorized(DomainError):
    """Nobody is signed in, or not any more."""

    code = ErrorCode.UNAUTHORIZED
    http_status = 401
    user_message = "Sign in first."


class NotValid(DomainError):
    """What was sent does not follow the contract; `details` lists messages by field."""

    user_message = "Some of what was sent is not valid. Nothing was changed."


class Conflict(DomainError):
    """What was asked for does not go together with what is there."""

    code = ErrorCode.CONFLICT
    http_status = 409
    user_message = "This does not go together with what is stored. Nothing was changed."


class DatabaseDown(DomainError):
    """PostgreSQL does not answer."""

    code = ErrorCode.INTERNAL_ERROR
    http_status = 503
    user_message = (
        "The database cannot be reached at the moment. Nothing that was saved is lost; try again in a minute."
    )


class ServerFault(DomainError):
    """A mistake of ours. What happened is in the log, under the request's id."""

    code = ErrorCode.INTERNAL_ERROR
    http_status = 500
    user_message = "Something went wrong on this server. Nothing was lost; try again."
