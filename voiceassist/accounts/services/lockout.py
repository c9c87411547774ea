"""Locking an address after repeated failures, in PostgreSQL, whether or not an account has the address.

After `lockout_threshold` failures in a row each further one locks for longer: one minute, two, four … up to
`lockout_minutes`. A browser that signed in before is counted by itself (OWASP, "Device cookies"), so that an attacker
who keeps an address locked does not keep its owner out.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.crypto import salted_hmac

from voiceassist.accounts.models import SignInFailure, normalize_email
from voiceassist.core import system_settings
from voiceassist.core.errors import DomainError, ErrorCode

FIRST_LOCK = timedelta(minutes=1)
FORGOTTEN_AFTER = timedelta(hours=24)


class TooManyFailures(DomainError):
    """The address is locked for a while. The same is said for addresses that nobody has."""

    code = ErrorCode.RATE_LIMITED
    http_status = 429

    def __init__(self, wait: timedelta) -> None:
        minutes = max(1, math.ceil(wait.total_seconds() / 60))
        self.retry_after = max(1.0, wait.total_seconds())
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(f"There were too many failed attempts. Try again in {minutes} {unit}, or reset the password.")


def check_not_locked(*, email: str, device: str, now: datetime) -> None:
    """Raise TooManyFailures while the address is locked for this device."""
    failure = SignInFailure.objects.filter(digest=_digest(email, device)).first()
    if failure is not None:
        _check(failure, now)


@transaction.atomic
def note_failure(*, email: str, device: str, now: datetime) -> None:
    """Count a failure. Raises TooManyFailures when others, judged at the same time, have locked the address already.

    Who guesses in parallel learns no more than who guesses one after another.
    """
    digest = _digest(email, device)
    row = SignInFailure(digest=digest, address=_digest(email, ""), last_at=now)
    SignInFailure.objects.bulk_create([row], ignore_conflicts=True)
    failure = SignInFailure.objects.select_for_update().get(pk=digest)
    _check(failure, now)
    failure.count = 1 if now - failure.last_at > FORGOTTEN_AFTER else failure.count + 1
    failure.last_at = now
    failure.locked_until = _locked_until(failure.count, now)
    failure.save()


@transaction.atomic
def note_success(*, email: str, device: str, now: datetime) -> None:
    """Begin counting anew, after the right password. Raises TooManyFailures when it came too late."""
    failure = SignInFailure.objects.select_for_update().filter(digest=_digest(email, device)).first()
    if failure is not None:
        _check(failure, now)
        failure.delete()


def forget(*, email: str) -> None:
    """Begin counting anew for an address on every device: its owner has proved to read its mail."""
    SignInFailure.objects.filter(address=_digest(email, "")).delete()


def sweep(*, now: datetime) -> int:
    """Delete what is forgotten anyway; return how many rows."""
    deleted, _ = SignInFailure.objects.filter(last_at__lt=now - FORGOTTEN_AFTER).delete()
    return deleted


def _check(failure: SignInFailure, now: datetime) -> None:
    if failure.locked_until is not None and now < failure.locked_until:
        raise TooManyFailures(failure.locked_until - now)


def _locked_until(count: int, now: datetime) -> datetime | None:
    threshold = system_settings.get("lockout_threshold")
    longest = timedelta(minutes=system_settings.get("lockout_minutes"))
    if count < threshold:
        return None
    doublings = min(count - threshold, 10)
    return now + min(longest, FIRST_LOCK * (1 << doublings))


def _digest(email: str, device: str) -> str:
    return salted_hmac("voiceassist.accounts.lockout", f"{normalize_email(email)}\0{device}").hexdigest()
