"""Doors to people and to how they signed in. Who is signed in at all is decided here, for every edge."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.utils import timezone

from voiceassist.accounts import revocation
from voiceassist.accounts.models import Role, SignIn, SignInKind, User, UserSettings
from voiceassist.accounts.tokens import Token, TokenRevoked, TokenUse, decode
from voiceassist.core import system_settings
from voiceassist.core.errors import DomainError, ErrorCode, Forbidden, NotFound, Unauthorized

SHORTEST_IDLE = timedelta(minutes=1)  # the least that the limit can be set to


class SignInNotFound(NotFound):
    user_message = "This sign-in does not exist, or it is not yours to see."


class UserNotFound(NotFound):
    user_message = "This user does not exist, or it is not yours to see."


class SecondFactorMissing(DomainError):
    """The user's role demands a second factor, and there is none."""

    code = ErrorCode.MFA_REQUIRED
    http_status = 403
    user_message = "Your role needs a second factor. Open this server in a browser to set one up."


class BrowserLocked(Unauthorized):
    user_message = "This browser was idle and is locked. Enter your password to go on."


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a bearer token stands for, and the token itself."""

    user: User
    sign_in: SignIn
    token: Token


def bearer_of(text: str, *, now: datetime) -> Bearer:
    """Return who an access token stands for. Raises TokenExpired, TokenNotValid, TokenRevoked.

    User and sign-in are read together from PostgreSQL, so that revoking either never depends on Redis.
    """
    token = decode(text, TokenUse.ACCESS)
    sign_in = open_sign_in(token.family, now=now)
    if sign_in is None or sign_in.user_id != token.user_id or is_void(sign_in.user, issued_at=token.issued_at):
        raise TokenRevoked
    if revocation.is_revoked(token):
        raise TokenRevoked
    check_second_factor(sign_in)
    return Bearer(sign_in.user, sign_in, token)


def open_sign_in(sign_in_id: uuid.UUID, *, now: datetime) -> SignIn | None:
    """Return a sign-in with its user while both are good for anything, else None."""
    sign_in = SignIn.objects.select_related("user").filter(pk=sign_in_id).first()
    if sign_in is None or not sign_in.is_open(now):
        return None
    if not sign_in.user.is_active or not sign_in.is_bound_to(sign_in.user):
        return None
    return sign_in


def still_open(sign_in_id: uuid.UUID, *, now: datetime) -> SignIn | None:
    """Return a sign-in under which what goes on, a socket or a stream, may go on; None once it ended or is locked."""
    sign_in = open_sign_in(sign_in_id, now=now)
    if sign_in is None or is_idle(sign_in, now=now) or lacks_second_factor(sign_in):
        return None
    return sign_in


def lacks_second_factor(sign_in: SignIn) -> bool:
    """Tell whether the role demands a second factor that this sign-in did not have and the user has not set up."""
    if sign_in.second_factor or sign_in.user.role not in system_settings.get("second_factor_roles"):
        return False
    return not Authenticator.objects.filter(user_id=sign_in.user_id, type=Authenticator.Type.TOTP).exists()


def check_second_factor(sign_in: SignIn) -> None:
    """Raise SecondFactorMissing for a sign-in that lacks one."""
    if lacks_second_factor(sign_in):
        raise SecondFactorMissing


def is_void(user: User, *, issued_at: float) -> bool:
    """Tell whether everything of the user's from `issued_at` (seconds since 1970) was revoked since."""
    return user.valid_after is not None and issued_at < user.valid_after.timestamp()


def get_own_sign_in(*, user: User, sign_in_id: uuid.UUID) -> SignIn:
    """Return an open sign-in of the user's own. Raises SignInNotFound."""
    sign_in = SignIn.objects.filter(pk=sign_in_id, user=user).first()
    if sign_in is None or not sign_in.is_open(timezone.now()):
        raise SignInNotFound
    return sign_in


def get_editable_professional(*, user_id: uuid.UUID, by: User) -> User:
    """Return somebody of the directory, to whom `by` may make changes. Raises UserNotFound, Forbidden."""
    user = User.objects.filter(pk=user_id, is_active=True).exclude(role="").first()
    if user is None:
        raise UserNotFound
    if user.pk != by.pk:
        check_role(by, Role.ADMINISTRATOR)
    return user


def get_user(*, user_id: uuid.UUID) -> User:
    """Return any user, for administrators. Raises UserNotFound."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise UserNotFound
    return user


def find_active_user(user_id: uuid.UUID) -> User | None:
    """Return somebody whose account is switched on, as they are now."""
    return User.objects.filter(pk=user_id, is_active=True).first()


def check_role(user: User, *roles: Role) -> None:
    """Raise Forbidden unless the user has one of the roles."""
    if user.role not in roles:
        raise Forbidden("Your role does not include this.")


def check_has_role(user: User) -> None:
    """Raise Forbidden for a user to whom no role was granted yet."""
    if not user.role:
        raise Forbidden


def idle_limit(user: User) -> timedelta:
    """Return how long a browser may be left alone: the user's own limit if it is shorter than the system's."""
    limit: int = system_settings.get("idle_lock_minutes")
    own = UserSettings.objects.filter(user=user).values_list("idle_lock_minutes", flat=True).first()
    return timedelta(minutes=min(limit, own or limit))


def is_idle(sign_in: SignIn, *, now: datetime) -> bool:
    """Tell whether a browser was left alone for longer than its limit; tokens expire by themselves."""
    idle = now - sign_in.last_seen_at
    return sign_in.kind == SignInKind.BROWSER and idle > SHORTEST_IDLE and idle > idle_limit(sign_in.user)


def until_idle(sign_in: SignIn, *, now: datetime) -> float:
    """Return the seconds until a browser counts as left alone if nobody touches it, or fewer than there are."""
    if sign_in.kind != SignInKind.BROWSER:
        return math.inf
    idle = now - sign_in.last_seen_at
    limit = SHORTEST_IDLE if idle < SHORTEST_IDLE / 2 else idle_limit(sign_in.user)
    return max(0.0, (limit - idle).total_seconds())
