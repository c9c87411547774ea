"""Beginning, renewing and ending sign-ins: browser sessions and families of tokens."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet

from voiceassist.accounts import revocation
from voiceassist.accounts.access import check_second_factor, is_void
from voiceassist.accounts.client import Client
from voiceassist.accounts.events import publish_ended
from voiceassist.accounts.models import EndReason, SignIn, SignInKind, User
from voiceassist.accounts.tokens import ACCESS_LIFE, REFRESH_LIFE, Token, TokenRevoked, TokenUse, decode

KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """`expires_in` is the access token's life in seconds."""

    access: str
    refresh: str
    sign_in_id: uuid.UUID
    expires_in: int = int(ACCESS_LIFE.total_seconds())


@transaction.atomic
def begin_with_tokens(*, user: User, client: Client, second_factor: bool, now: datetime) -> TokenPair:
    """Begin a family of tokens."""
    sign_in = SignIn(
        user=user,
        kind=SignInKind.TOKEN,
        address=client.address or None,
        agent=client.agent,
        second_factor=second_factor,
        created_at=now,
        last_seen_at=now,
        expires_at=now + REFRESH_LIFE,
    )
    return _issue(sign_in, now=now)


@transaction.atomic
def note_browser(
    *, user: User, session_key: str, client: Client, second_factor: bool, now: datetime, expires_at: datetime
) -> SignIn:
    """Write down that a browser session began. A session key that is used again belongs to the new sign-in."""
    SignIn.objects.filter(session_key=session_key).update(session_key="", ended_at=now, end_reason=EndReason.SIGNED_OUT)
    return SignIn.objects.create(
        user=user,
        kind=SignInKind.BROWSER,
        session_key=session_key,
        address=client.address or None,
        agent=client.agent,
        second_factor=second_factor,
        auth_hash=user.get_session_auth_hash(),
        created_at=now,
        last_seen_at=now,
        expires_at=expires_at,
    )


def refresh(*, text: str, now: datetime) -> TokenPair:
    """Trade a refresh token for a new pair. Raises TokenExpired, TokenNotValid, TokenRevoked, SecondFactorMissing.

    A token that was traded before ends its whole family: one of the two who hold it stole it.
    """
    token = decode(text, TokenUse.REFRESH)
    with transaction.atomic():
        family = SignIn.objects.select_for_update(of=("self",)).select_related("user")
        sign_in = family.filter(pk=token.family, user_id=token.user_id, kind=SignInKind.TOKEN).first()
        if sign_in is not None and _is_good(sign_in, token, now):
            check_second_factor(sign_in)
            return _issue(sign_in, now=now)
        if sign_in is not None and sign_in.refresh_id != token.id:
            end(sign_in=sign_in, reason=EndReason.REUSED, now=now)
    raise TokenRevoked


def _is_good(sign_in: SignIn, token: Token, now: datetime) -> bool:
    return (
        sign_in.refresh_id == token.id
        and sign_in.is_open(now)
        and sign_in.user.is_active
        and sign_in.is_bound_to(sign_in.user)
        and not is_void(sign_in.user, issued_at=token.issued_at)
    )


def _issue(sign_in: SignIn, *, now: datetime) -> TokenPair:
    access = Token.issue(TokenUse.ACCESS, user_id=sign_in.user_id, family=sign_in.pk, now=now)
    renewal = Token.issue(TokenUse.REFRESH, user_id=sign_in.user_id, family=sign_in.pk, now=now)
    sign_in.refresh_id = renewal.id
    sign_in.auth_hash = sign_in.user.get_session_auth_hash()
    sign_in.last_seen_at = now
    sign_in.expires_at = datetime.fromtimestamp(renewal.expires_at, tz=UTC)
    if sign_in._state.adding:  # noqa: SLF001 (Django's documented way to tell a new row)
        sign_in.save()
    else:  # not how it ended: that may have happened since the row was read
        sign_in.save(update_fields=["refresh_id", "auth_hash", "last_seen_at", "expires_at"])
    return TokenPair(access.encode(), renewal.encode(), sign_in.pk)


@transaction.atomic
def renew(*, sign_in: SignIn, user: User, now: datetime) -> TokenPair:
    """Give a family new tokens, after all that were made before became void. Raises TokenRevoked if it has ended."""
    sign_in = SignIn.objects.select_for_update().get(pk=sign_in.pk)
    if not sign_in.is_open(now):
        raise TokenRevoked
    sign_in.user = user
    return _issue(sign_in, now=now)


@transaction.atomic
def end(*, sign_in: SignIn, reason: EndReason, now: datetime, token: Token | None = None) -> None:
    """End one sign-in. Its sockets close, its browser session is gone; `token` goes on the list of revoked ids."""
    _end(SignIn.objects.filter(pk=sign_in.pk), user_id=sign_in.user_id, reason=reason, now=now)
    if token is not None:
        revocation.revoke(token, now=now.timestamp())


@transaction.atomic
def end_all(*, user: User, reason: EndReason, now: datetime, keep: SignIn | None = None) -> None:
    """End every sign-in of a user, but for `keep`, and void every token and browser session made before now.

    Whoever keeps one must renew it: `renew` for tokens, `update_session_auth_hash` for the browser. `user` holds
    the new password, if that is why.
    """
    User.objects.filter(pk=user.pk).update(valid_after=now)
    user.valid_after = now
    if keep is not None:
        keep.auth_hash = user.get_session_auth_hash()
        SignIn.objects.filter(pk=keep.pk).update(auth_hash=keep.auth_hash)
    _end(_others(user, keep), user_id=user.pk, reason=reason, now=now)


@transaction.atomic
def end_others(*, user: User, keep: SignIn | None, now: datetime) -> None:
    """End every sign-in of a user but one, whose tokens stay good."""
    _end(_others(user, keep), user_id=user.pk, reason=EndReason.REVOKED, now=now)


def sweep(*, now: datetime) -> int:
    """Delete sign-ins that ended or expired more than 90 days ago; return how many rows."""
    long_ago = now - KEPT_FOR
    deleted, _ = SignIn.objects.filter(Q(ended_at__lt=long_ago) | Q(expires_at__lt=long_ago)).delete()
    return deleted


def _others(user: User, keep: SignIn | None) -> QuerySet[SignIn]:
    all_of_them = SignIn.objects.filter(user=user)
    return all_of_them.exclude(pk=keep.pk) if keep else all_of_them


def _end(sign_ins: QuerySet[SignIn], *, user_id: uuid.UUID, reason: EndReason, now: datetime) -> None:
    rows = sign_ins.filter(ended_at=None).select_for_update(of=("self",)).order_by("pk")
    open_ones = list(rows.values_list("pk", "session_key"))
    ids = [pk for pk, _ in open_ones]
    SignIn.objects.filter(pk__in=ids).update(ended_at=now, end_reason=reason)
    Session.objects.filter(session_key__in=[key for _, key in open_ones if key]).delete()
    publish_ended(user_id=user_id, sign_in_ids=ids)


def see(*, sign_in: SignIn, now: datetime) -> None:
    """Note that somebody is at work."""
    SignIn.objects.filter(pk=sign_in.pk).update(last_seen_at=now)
