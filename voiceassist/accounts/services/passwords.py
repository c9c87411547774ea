"""Changing and resetting passwords."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils.http import urlsafe_base64_decode

from voiceassist.accounts.models import EndReason, SignIn, User, normalize_email
from voiceassist.accounts.services import lockout, sign_ins
from voiceassist.accounts.services.credentials import InvalidCredentials
from voiceassist.accounts.services.mailing import Mail, queue_mail, queue_mail_to
from voiceassist.accounts.services.registration import LinkNotValid, check_strength
from voiceassist.core.errors import NotValid


class WrongPassword(InvalidCredentials):
    user_message = "This is not your current password."
    field = "current_password"
    http_status = 400


def change_password(*, user: User, current: str, new: str, keep: SignIn | None, now: datetime) -> None:
    """Set a new password and end every other sign-in. Raises WrongPassword, WeakPassword, TooManyFailures.

    `keep` must be renewed by the caller; see `sign_ins.end_all`. A wrong password is counted whatever becomes of the
    rest, so the check stands outside the transaction.
    """
    check_current(user=user, password=current, now=now)
    if current == new:
        raise NotValid("Choose another password than the one you have.", field="password")
    with transaction.atomic():
        _set(user, new, keep=keep, now=now)


def check_current(*, user: User, password: str, now: datetime) -> None:
    """Ask a signed-in user for the password once more. Raises WrongPassword, TooManyFailures."""
    subject = f"current-password:{user.pk}"
    lockout.check_not_locked(email=subject, device="", now=now)
    if not user.check_password(password):
        lockout.note_failure(email=subject, device="", now=now)
        raise WrongPassword
    lockout.note_success(email=subject, device="", now=now)


def request_reset(*, email: str) -> None:
    """Send a link to an address if an account has it. A worker looks that up: whoever asks sees no difference."""
    queue_mail_to(Mail.RESET, email=normalize_email(email))


def user_of_reset(token: str) -> User:
    """Return the user of a reset link. Raises LinkNotValid."""
    number, _, rest = token.partition(".")
    try:
        user_id = uuid.UUID(urlsafe_base64_decode(number).decode())
    except ValueError:
        raise LinkNotValid from None
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, rest):
        raise LinkNotValid
    return user


@transaction.atomic
def reset_password(*, token: str, new: str, now: datetime) -> User:
    """Set a new password by the link of an e-mail, which proves the address too. Raises LinkNotValid, WeakPassword."""
    user = user_of_reset(token)
    user = User.objects.select_for_update().get(pk=user.pk)
    if not default_token_generator.check_token(user, token.partition(".")[2]):
        raise LinkNotValid
    if user.email_verified_at is None:
        user.email_verified_at = now
    _set(user, new, keep=None, now=now)
    lockout.forget(email=user.email)
    return user


def _set(user: User, new: str, *, keep: SignIn | None, now: datetime) -> None:
    check_strength(new, about=(user.name, user.email))
    user.set_password(new)
    user.save(update_fields=["password", "email_verified_at"])
    sign_ins.end_all(user=user, reason=EndReason.PASSWORD, now=now, keep=keep)
    queue_mail(Mail.CHANGED, about=user.pk)
