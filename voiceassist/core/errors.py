"""Errors are named facts under one base; each edge has one mapper from them to its own form."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """The codes of the API contract that are in use."""

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
    """A fact the user should be told. `user_message` never holds patient text."""

    code: ErrorCode = ErrorCode.VALIDATION_ERROR
    http_status: int = 400
    user_message: str = "This could not be done."

    def __init__(self, user_message: str | None = None) -> None:
        self.user_message = user_message or self.user_message
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
