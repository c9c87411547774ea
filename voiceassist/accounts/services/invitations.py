"""Inviting people."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import connection, transaction

from voiceassist.accounts.models import Invitation, Role, User
from voiceassist.accounts.services.mailing import Mail, queue_mail
from voiceassist.accounts.services.profiles import valid_name
from voiceassist.accounts.services.registration import valid_email
from voiceassist.accounts.services.users import UserExists
from voiceassist.core import system_settings
from voiceassist.core.errors import NotFound, NotValid


class InvitationNotFound(NotFound):
    user_message = "This invitation does not exist, or it was used or withdrawn."


@transaction.atomic
def invite(*, email: str, name: str, role: str, by: User, now: datetime) -> Invitation:
    """Invite an address, in place of an earlier invitation that is still open. Raises NotValid, UserExists."""
    email, name = valid_email(email), valid_name(name)
    _wait_for_others(email)
    if role and role not in Role.values:
        raise NotValid("There is no such role.", field="role")
    if User.objects.filter(email=email, email_verified_at__isnull=False).exists():
        raise UserExists(field="email")
    Invitation.objects.filter(email=email, accepted_at=None, revoked_at=None).update(revoked_at=now)
    life = timedelta(days=system_settings.get("invitation_days"))
    invitation = Invitation.objects.create(email=email, name=name, role=role, invited_by=by, expires_at=now + life)
    queue_mail(Mail.INVITED, about=invitation.pk)
    return invitation


def _wait_for_others(email: str) -> None:
    """Let one invitation of an address be written at a time, until commit: there may be no row yet to lock."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('accounts.invite'), hashtext(%s))", [email])


@transaction.atomic
def withdraw(*, invitation_id: uuid.UUID, now: datetime) -> None:
    """Make an open invitation's link worthless. Raises InvitationNotFound."""
    changed = Invitation.objects.filter(pk=invitation_id, accepted_at=None, revoked_at=None).update(revoked_at=now)
    if not changed:
        raise InvitationNotFound


def withdraw_all_of(*, user: User, now: datetime) -> None:
    """Withdraw the open invitations that somebody wrote."""
    Invitation.objects.filter(invited_by=user, accepted_at=None, revoked_at=None).update(revoked_at=now)
