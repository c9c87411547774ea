"""What administrators change about people: role, access, profile. There is always one administrator left."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from voiceassist.accounts.access import UserNotFound
from voiceassist.accounts.backends import serves_loopback_only
from voiceassist.accounts.models import EndReason, Role, User
from voiceassist.accounts.services import invitations, profiles, sign_ins
from voiceassist.core.errors import Conflict, Forbidden, NotValid


class LastAdministrator(Conflict):
    user_message = "This is the last active administrator. Make somebody else one first. Nothing was changed."


class OwnAccount(Conflict):
    field = "is_active"
    user_message = "You cannot switch off your own account. Another administrator can. Nothing was changed."


@transaction.atomic
def change_user(
    *,
    user_id: uuid.UUID,
    by: User,
    now: datetime,
    role: str | None = None,
    is_active: bool | None = None,
    **profile: str,
) -> User:
    """Change what is given, all or none. Being switched off, or having another role than before, ends every sign-in.

    A first role is there at the next click. The invitations of whoever administers no more are withdrawn.

    Raises UserNotFound, Forbidden, NotValid with messages by field, LastAdministrator, OwnAccount.
    """
    if role is not None and role not in {"", *Role.values}:
        raise NotValid(field="role", details={"role": [f"Choose one of: {', '.join(Role.values)}; or none."]})
    user, administrators = _locked(user_id)
    if by.pk not in administrators:
        raise Forbidden("Your role does not include this.")
    before = (user.role, user.is_active)
    user.role = user.role if role is None else role
    user.is_active = user.is_active if is_active is None else is_active
    if before != (user.role, user.is_active):
        _check(user, by=by, others=[other for pk, other in administrators.items() if pk != user.pk])
        user.save(update_fields=["role", "is_active"])
        if before[0] or not user.is_active:
            sign_ins.end_all(user=user, reason=EndReason.DEACTIVATED, now=now)
        if user.pk in administrators and not _administers(user):
            invitations.withdraw_all_of(user=user, now=now)
    profiles.change_profile(user=user, values=profile)
    return user


def _locked(user_id: uuid.UUID) -> tuple[User, dict[Any, User]]:
    """Return the user and every active administrator by id, locked: two who demote each other take turns."""
    wanted = Q(pk=user_id) | Q(role=Role.ADMINISTRATOR, is_active=True)
    rows = {row.pk: row for row in User.objects.select_for_update().filter(wanted).order_by("pk")}
    if user_id not in rows:
        raise UserNotFound
    return rows[user_id], {pk: row for pk, row in rows.items() if _administers(row)}


def _check(user: User, *, by: User, others: list[User]) -> None:
    if user.pk == by.pk and not user.is_active:
        raise OwnAccount
    if not _administers(user) and not any(_can_sign_in(other) for other in others):
        raise LastAdministrator(field="is_active" if not user.is_active else "role")


def _administers(user: User) -> bool:
    return user.is_active and user.role == Role.ADMINISTRATOR


def _can_sign_in(user: User) -> bool:
    """Tell whether an administrator counts: the demonstration user does only where it can be used."""
    return not user.is_demo or serves_loopback_only()
