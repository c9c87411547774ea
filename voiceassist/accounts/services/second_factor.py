"""Time-based one-time passwords (TOTP, RFC 6238) and recovery codes, on django-allauth's authenticators."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.db import transaction
from django.utils.crypto import constant_time_compare

from voiceassist.accounts.models import SignIn, User
from voiceassist.accounts.services import lockout, sign_ins
from voiceassist.core import system_settings
from voiceassist.core.errors import Conflict, DomainError, ErrorCode

PERIOD = 30  # seconds
DRIFT = 1  # periods that a clock may be off
_SECRET = re.compile(r"[A-Z2-7]{16,}")  # base32, and 80 bits at least: anybody knows the codes of an empty one


class WrongCode(DomainError):
    code = ErrorCode.INVALID_CREDENTIALS
    http_status = 401
    user_message = "This code is not right, or it was used before. Wait for the next one and try again."
    field = "code"


class AlreadySetUp(Conflict):
    user_message = "A second factor is set up already. Remove it first to set up another."


class NotProposed(Conflict):
    user_message = "The secret shown here is a new one. Add it to your app, then enter the code that the app shows."
    field = "code"


class NotSetUp(Conflict):
    user_message = "No second factor is set up."


@dataclass(frozen=True, slots=True)
class Setup:
    """What an authenticator app needs. `svg` is the QR code of `url`."""

    secret: str
    url: str
    svg: str


def is_set_up(user: User) -> bool:
    """Tell whether the user has an authenticator app."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists())


def must_set_up(user: User) -> bool:
    """Tell whether the user's role demands a second factor that is not there yet."""
    demanding = system_settings.get("second_factor_roles")
    return user.role in demanding and not is_set_up(user)


def propose(user: User, *, secret: str = "") -> Setup:
    """Make a secret, or show one again that was not confirmed yet."""
    secret = secret or generate_totp_secret()
    adapter = get_adapter()
    url = adapter.build_totp_url(user, secret)
    return Setup(secret, url, adapter.build_totp_svg(url))


@transaction.atomic
def set_up(*, user: User, secret: str, code: str, keep: SignIn | None, now: datetime) -> list[str]:
    """Store the secret once a code shows that the app has it, and end every sign-in but `keep`: they had none.

    Return the recovery codes.

    Raises NotProposed, AlreadySetUp, WrongCode.
    """
    if not _SECRET.fullmatch(secret):
        raise NotProposed
    User.objects.select_for_update().get(pk=user.pk)
    if is_set_up(user):
        raise AlreadySetUp
    counter = _counter_of(secret, code, now)
    if counter is None:
        raise WrongCode
    data = {"secret": get_adapter().encrypt(secret), "last_counter": counter}
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)
    sign_ins.end_others(user=user, keep=keep, now=now)
    return new_recovery_codes(user)


@transaction.atomic
def remove(*, user: User) -> None:
    """Delete app and recovery codes. Raises NotSetUp."""
    deleted, _ = Authenticator.objects.filter(user_id=user.pk).delete()
    if not deleted:
        raise NotSetUp


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Replace the recovery codes; return the new ones, which are shown only now."""
    Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
    return codes


def recovery_codes_left(user: User) -> int:
    """Return how many recovery codes were not used yet."""
    row = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(RecoveryCodes(row).get_unused_codes()) if row else 0


def check_code(*, user: User, code: str, now: datetime) -> None:
    """Accept a code of the app or a recovery code, each once. Raises WrongCode, TooManyFailures.

    Failures are counted by user, apart from those of the password.
    """
    subject = f"second-factor:{user.pk}"
    lockout.check_not_locked(email=subject, device="", now=now)
    if not (_use_totp(user, code, now) or _use_recovery_code(user, code)):
        lockout.note_failure(email=subject, device="", now=now)
        raise WrongCode
    lockout.note_success(email=subject, device="", now=now)


@transaction.atomic
def _use_totp(user: User, code: str, now: datetime) -> bool:
    """Compare, and note the time step: a code counts once (RFC 6238, 5.2)."""
    row = Authenticator.objects.select_for_update().filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()
    if row is None:
        return False
    counter = _counter_of(get_adapter().decrypt(row.data["secret"]), code, now)
    if counter is None or counter <= row.data.get("last_counter", 0):
        return False
    row.data["last_counter"] = counter
    row.last_used_at = now
    row.save()
    return True


def _use_recovery_code(user: User, code: str) -> bool:
    row = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
    return bool(row and RecoveryCodes(row).validate_code(_digits(code)))


def _counter_of(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code it is, None for a wrong code."""
    given, current = _digits(code), int(now.timestamp()) // PERIOD
    steps = range(current - DRIFT, current + DRIFT + 1)
    return next(
        (step for step in steps if constant_time_compare(format_hotp_value(hotp_value(secret, step)), given)), None
    )


def _code_at(secret: str, step: int) -> str:
    return str(format_hotp_value(hotp_value(secret, step)))


def _digits(code: str) -> str:
    return "".join(code.split()).replace("-", "")
