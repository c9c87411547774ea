"""Why a model gave no answer, or only a part of one. No text of a prompt or an answer gets in here."""

from __future__ import annotations

from enum import StrEnum

from voiceassist.core.errors import DomainError, ErrorCode


class Reason(StrEnum):
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    UNAUTHORIZED = "unauthorized"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    CUT = "cut"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    EMPTY = "empty"


_KEPT = "Your question is kept, and so is anything already written."
_RETRY = "Choose Regenerate to try again."
_ADMINISTRATOR = "Ask your administrator to check the model's settings, then choose Regenerate."

USER_MESSAGES: dict[Reason, str] = {
    Reason.UNREACHABLE: f"The language model could not be reached. {_KEPT} {_RETRY}",
    Reason.TIMEOUT: f"The language model took too long to answer. {_KEPT} {_RETRY}",
    Reason.RATE_LIMITED: f"The language model is busy. {_KEPT} Wait a minute, then choose Regenerate.",
    Reason.SERVER_ERROR: f"The language model reported an error. {_KEPT} {_RETRY}",
    Reason.UNAUTHORIZED: f"The language model did not accept this server's key. {_KEPT} {_ADMINISTRATOR}",
    Reason.REFUSED: f"The language model refused the request. {_KEPT} {_ADMINISTRATOR}",
    Reason.REDIRECTED: f"The language model points elsewhere, which is not allowed. {_KEPT} {_ADMINISTRATOR}",
    Reason.CUT: f"The connection to the language model broke off. {_KEPT} {_RETRY}",
    Reason.UNREADABLE: f"The language model sent something that cannot be read. {_KEPT} {_RETRY}",
    Reason.EMPTY: f"The language model gave an empty answer. {_KEPT} {_RETRY}",
    Reason.TOO_LONG: f"The language model's answer ran over the length limit and was cut. {_KEPT} {_RETRY}",
}

PASSING = frozenset({Reason.UNREACHABLE, Reason.RATE_LIMITED, Reason.SERVER_ERROR})


class ModelUnavailable(DomainError):
    """A model failed. `retry_after` is what the server asked for, in seconds, if it asked."""

    code = ErrorCode.PROVIDER_UNAVAILABLE
    http_status = 503

    def __init__(self, reason: Reason, *, retry_after: float | None = None) -> None:
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(USER_MESSAGES[reason])

    def __repr__(self) -> str:
        return f"ModelUnavailable({self.reason.value})"

    @property
    def may_pass(self) -> bool:
        """Tell whether asking again soon has a chance."""
        return self.reason in PASSING
