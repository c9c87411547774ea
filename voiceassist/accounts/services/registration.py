"""Registering: by invitation, or with an address of a listed mail domain. An open registration is a system setting."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from voiceassist.accounts.links import read_invitation_token, read_verification_token
from voiceassist.accounts.models import Invitation, User, normalize_email
from voiceassist.accounts.passwords import strength_of
from voiceassist.accounts.queries import open_invitations
from voiceassist.accounts.services import lockout
from voiceassist.accounts.services.credentials import InvalidCredentials
from voiceassist.accounts.services.mailing import Mail, queue_mail, queue_mail_to
from voiceassist.accounts.services.profiles import valid_name
from voiceassist.core import system_settings
from voiceassist.core.errors import DomainError, ErrorCode, Forbidden, NotValid


class RegistrationClosed(Forbidden):
    user_message = "Accounts are made by invitation here. Ask an administrator for one."


class InvitationNotValid(DomainError):
    user_message = "This invitation was used, withdrawn or has expired. Ask for a new one."
    field = "invitation"


class LinkNotValid(DomainError):
    user_message = "This link is not valid any more. Ask for a new one."
    field = "token"


class WeakPassword(DomainError):
    """`details` holds score and problems."""

    code = ErrorCode.WEAK_PASSWORD
    field = "password"


def check_strength(password: str, *, about: tuple[str, ...]) -> None:
    """Raise WeakPassword unless the password is strong enough."""
    strength = strength_of(password, about=about)
    if not strength.is_enough:
        details = {"score": strength.score, "problems": list(strength.problems)}
        raise WeakPassword(" ".join(strength.problems), details=details)


def register(*, email: str, password: str, name: str, invitation: str, now: datetime) -> User | None:
    """Make an account without a role, and send a link to its address; an invitation brings its role and needs no link.

    Return the user if an invitation was used, else None: an address that has an account already gets another mail, and
    whoever registers sees no difference. Raises NotValid, WeakPassword, InvitationNotValid, RegistrationClosed.
    """
    email, name = valid_email(email), valid_name(name)
    check_strength(password, about=(name, email))
    if invitation:
        return _accept(invitation, email=email, password=password, name=name, now=now)
    if not may_register(email):
        raise RegistrationClosed
    hashed = make_password(password)
    with transaction.atomic():
        existing = User.objects.select_for_update().filter(email=email).first()
        if existing is None:
            existing = _create(User(email=email, name=name, password=hashed))
        elif existing.email_verified_at is None and existing.is_active:
            User.objects.filter(pk=existing.pk).update(name=name, password=hashed)  # the latest registration counts
        known = existing.email_verified_at is not None
        queue_mail(Mail.KNOWN if known else Mail.VERIFY, about=existing.pk)
    return None


def verify_email(*, token: str, password: str, now: datetime) -> User:
    """Confirm an address. Raises LinkNotValid, InvalidCredentials, TooManyFailures.

    The password is asked for, so that nobody confirms an account that a stranger registered in their name.
    """
    read = read_verification_token(token)
    waiting = User.objects.filter(is_active=True, email_verified_at=None)
    user = waiting.filter(pk=read[0], email=read[1]).first() if read else None
    if user is None:
        raise LinkNotValid
    subject = f"verify:{user.pk}"
    lockout.check_not_locked(email=subject, device="", now=now)
    if not user.check_password(password):
        lockout.note_failure(email=subject, device="", now=now)
        raise InvalidCredentials("This is not the password that was chosen when the account was registered.")
    lockout.note_success(email=subject, device="", now=now)
    user.email_verified_at = now
    user.save(update_fields=["email_verified_at"])
    return user


def send_verification_again(*, email: str) -> None:
    """Send the link once more if an account waits for it. A worker looks that up: whoever asks sees no difference."""
    queue_mail_to(Mail.VERIFY_AGAIN, email=normalize_email(email))


def may_register(email: str) -> bool:
    """Tell whether an address may register without an invitation."""
    mode = system_settings.get("registration_mode")
    if mode == "open":
        return True
    return mode == "listed_domains" and email.rpartition("@")[2] in system_settings.get("registration_domains")


def is_open_to_some() -> bool:
    """Tell whether there is anybody who may register without an invitation."""
    return system_settings.get("registration_mode") == "open" or bool(listed_domains())


def listed_domains() -> list[str]:
    """Return the mail domains that registration is open to; none where it is open to all, or to nobody."""
    listed = system_settings.get("registration_mode") == "listed_domains"
    return system_settings.get("registration_domains") if listed else []


def open_invitation(token: str, *, now: datetime) -> Invitation | None:
    """Return the invitation of a link while it can be used."""
    invitation_id = read_invitation_token(token)
    return open_invitations(now).filter(pk=invitation_id).first() if invitation_id else None


def valid_email(email: str) -> str:
    """Return an address in the form it is stored in. Raises NotValid."""
    normalized = normalize_email(email)
    try:
        validate_email(normalized)
    except ValidationError:
        raise NotValid("Enter a whole e-mail address.", field="email") from None
    if len(normalized) > 254:
        raise NotValid("This address is too long.", field="email")
    return normalized


@transaction.atomic
def _accept(token: str, *, email: str, password: str, name: str, now: datetime) -> User:
    """Use an invitation: whoever has its link can read the address."""
    invitation_id = read_invitation_token(token)
    if invitation_id is None:
        raise InvitationNotValid
    found = open_invitations(now).filter(email=email).select_for_update(of=("self",))
    invitation = found.filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotValid
    user = User.objects.select_for_update().filter(email=email).first()
    if user is not None and user.email_verified_at is not None:
        raise InvitationNotValid("This address has an account already. Sign in.")
    user = user or User(email=email)
    user.name, user.role, user.email_verified_at = name or invitation.name, invitation.role, now
    user.set_password(password)
    user.save()
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    return user


def _create(user: User) -> User:
    """Store a new user; somebody may have registered the address at the same moment."""
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        return User.objects.get(email=user.email)
    return user
