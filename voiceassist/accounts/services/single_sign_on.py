"""Who may come in by single sign-on, and as whom.

Issuer and subject decide, once they are attached to a user. Before that the address does, but only one that the
provider has verified: an unverified one may be anybody's claim, and would open somebody else's account.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, connection, transaction

from voiceassist.accounts.access import UserNotFound
from voiceassist.accounts.models import Invitation, User, normalize_email
from voiceassist.accounts.oidc import errors
from voiceassist.accounts.oidc.id_tokens import Identity
from voiceassist.accounts.queries import open_invitations
from voiceassist.accounts.services import registration
from voiceassist.core.errors import NotValid

logger = structlog.get_logger(__name__)


def user_for(*, identity: Identity, now: datetime) -> User:
    """Return whom an identity stands for; attach it to a user, or make one, the first time.

    Raises SwitchedOff, NotByThisWay, NoAddress, AddressNotVerified, AnotherIdentity, NobodyInvited.
    """
    known = _known(identity)
    if known is not None:
        return _checked(known)
    try:
        return _first_time(identity, now)
    except IntegrityError:  # somebody registered the address by the form at the same moment
        return _first_time(identity, now)


@transaction.atomic
def _first_time(identity: Identity, now: datetime) -> User:
    _wait_for_others()
    known = _known(identity)
    if known is not None:  # by another tab, meanwhile
        return _checked(known)
    email = _address_of(identity)
    user = User.objects.select_for_update().filter(email=email).first()
    user = _admitted(identity, email=email, now=now) if user is None else _taken(user, identity, now=now)
    extra = {"iss": identity.issuer, "sub": identity.subject}
    SocialAccount.objects.create(user=user, provider=identity.issuer, uid=identity.subject, extra_data=extra)
    logger.info("single_sign_on_attached", user_id=str(user.pk))
    return user


def _wait_for_others() -> None:
    """Let one identity be attached at a time, until commit: it happens once for each person."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('accounts.single_sign_on'))")


def _known(identity: Identity) -> User | None:
    accounts = SocialAccount.objects.select_related("user")
    account = accounts.filter(provider=identity.issuer, uid=identity.subject).first()
    return account.user if account else None


@transaction.atomic
def detach(*, email: str) -> int:
    """Forget the identities of a user: the next one with their verified address is theirs. Raises UserNotFound.

    Return how many there were.
    """
    user = User.objects.select_for_update().filter(email=normalize_email(email)).first()
    if user is None:
        raise UserNotFound
    deleted: int = SocialAccount.objects.filter(user=user).delete()[0]
    logger.info("single_sign_on_detached", user_id=str(user.pk))
    return deleted


def _checked(user: User) -> User:
    if user.is_demo:
        raise errors.NotByThisWay
    if not user.is_active:
        raise errors.SwitchedOff
    return user


def _address_of(identity: Identity) -> str:
    """Return the address that may open an account, in the form it is stored in."""
    if not identity.email:
        raise errors.NoAddress
    if not identity.email_verified:
        raise errors.AddressNotVerified
    try:
        return registration.valid_email(identity.email)
    except NotValid as error:
        raise errors.NoAddress from error


def _taken(user: User, identity: Identity, *, now: datetime) -> User:
    """Give an account that is there to whom its address belongs."""
    _checked(user)
    if SocialAccount.objects.filter(user=user, provider=identity.issuer).exists():
        raise errors.AnotherIdentity
    if user.email_verified_at is None:
        _clear(user, identity, now=now)
    return user


def _clear(user: User, identity: Identity, *, now: datetime) -> None:
    """Take everything away from whoever registered the address without being able to read it."""
    Authenticator.objects.filter(user_id=user.pk).delete()
    user.set_unusable_password()
    user.name, user.email_verified_at, user.valid_after = identity.name, now, now
    invitation = _invitation(user.email, now)
    if invitation is not None:
        user.role = _accepted(invitation, now).role
    user.save(update_fields=["password", "name", "email_verified_at", "valid_after", "role"])


def _admitted(identity: Identity, *, email: str, now: datetime) -> User:
    """Make a user without a role, or with that of an invitation. Raises NobodyInvited."""
    invitation = _invitation(email, now)
    if invitation is None and not registration.may_register(email):
        raise errors.NobodyInvited
    user = User(email=email, name=identity.name, email_verified_at=now)
    if invitation is not None:
        user.role = _accepted(invitation, now).role
        user.name = identity.name or invitation.name
    user.set_unusable_password()
    user.save(force_insert=True)
    return user


def _invitation(email: str, now: datetime) -> Invitation | None:
    return open_invitations(now).filter(email=email).select_for_update(of=("self",)).first()


def _accepted(invitation: Invitation, now: datetime) -> Invitation:
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    return invitation
