"""Checking an address and a password, the same for the form, the API and the lock screen."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from voiceassist.accounts.backends import may_be_used_by
from voiceassist.accounts.metrics import SIGN_INS
from voiceassist.accounts.models import User, normalize_email
from voiceassist.accounts.services import lockout
from voiceassist.core.errors import DomainError, ErrorCode


class InvalidCredentials(DomainError):
    """Address or password is wrong, or nobody may sign in so: which of them is not told."""

    code = ErrorCode.INVALID_CREDENTIALS
    http_status = 401
    user_message = "This address and password do not belong together. Check both and try again."


class EmailNotVerified(DomainError):
    """Told only to somebody who knows the password."""

    code = ErrorCode.EMAIL_NOT_VERIFIED
    http_status = 403
    user_message = "Confirm your e-mail address first: open the link in the message that was sent to it."


class AccountSwitchedOff(DomainError):
    """Told only to somebody who knows the password."""

    code = ErrorCode.INVALID_CREDENTIALS
    http_status = 401
    user_message = "This account is switched off. An administrator can switch it on."


def check_password(*, email: str, password: str, request: HttpRequest, device: str, now: datetime) -> User:
    """Return the user whose password it is.

    Raises TooManyFailures, InvalidCredentials, AccountSwitchedOff, EmailNotVerified. An address that nobody has takes
    the same statements and one password hash, so that time does not tell either.
    """
    lockout.check_not_locked(email=email, device=device, now=now)
    user = User.objects.filter(email=normalize_email(email)).first()
    if not _is_right(user, password) or user is None or not may_be_used_by(user, request):
        lockout.note_failure(email=email, device=device, now=now)
        SIGN_INS.labels(outcome="refused").inc()
        raise InvalidCredentials
    lockout.note_success(email=email, device=device, now=now)
    if not user.is_active:
        raise AccountSwitchedOff
    if user.email_verified_at is None:
        raise EmailNotVerified
    return user


def _is_right(user: User | None, password: str) -> bool:
    """Hash once, whatever is found."""
    if user is None or not user.has_usable_password():
        User().set_password(password)
        return False
    return user.check_password(password)
