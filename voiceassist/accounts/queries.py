"""Reads of people."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from voiceassist.accounts.models import Invitation, Role, SignIn, User


def professionals(*, q: str = "") -> QuerySet[User]:
    """Return those who have a role and are active, by name; `q` is looked for in name, address, profession, department.

    Employee and telephone numbers are encrypted and cannot be searched.
    """
    return _matching(User.objects.filter(is_active=True).exclude(role=""), q).order_by("name", "email")


def people(*, q: str = "", role: str | None = None, active: bool | None = None) -> QuerySet[User]:
    """Return all users, by address; an empty `role` asks for those without one."""
    found = _matching(User.objects.all(), q)
    found = found if role is None else found.filter(role=role)
    return (found if active is None else found.filter(is_active=active)).order_by("email")


def names_of(ids: Iterable[uuid.UUID | None]) -> dict[uuid.UUID, str]:
    """Return the names of users by id, for rows that hold ids only; who is gone is not in it."""
    users = User.objects.filter(pk__in={pk for pk in ids if pk}).only("name", "email")
    return {user.pk: user.get_full_name() for user in users}


def _matching(users: QuerySet[User], q: str) -> QuerySet[User]:
    for word in q.split():
        fields = ("name", "email", "professional_role", "department")
        users = users.filter(Q(*[(f"{field}__icontains", word) for field in fields], _connector=Q.OR))
    return users


def open_sign_ins(user: User) -> QuerySet[SignIn]:
    """Return where a user is signed in, the place used last first."""
    open_ones = SignIn.objects.filter(user=user, ended_at=None, expires_at__gt=timezone.now())
    return open_ones.order_by("-last_seen_at", "id")


def open_invitations(now: datetime) -> QuerySet[Invitation]:
    """Return the invitations that can still be used, newest first: those of active administrators only."""
    open_ones = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)
    open_ones = open_ones.filter(invited_by__is_active=True, invited_by__role=Role.ADMINISTRATOR)
    return open_ones.order_by("-created_at", "id")
