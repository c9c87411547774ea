"""Which routes are closed to which roles. What a role may see of an object is decided at its door."""

from __future__ import annotations

from typing import Any, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from voiceassist.accounts.models import Role, User
from voiceassist.core.errors import Forbidden


def signed_in(request: Request) -> User:
    """Return the user of a view that only signed-in users reach."""
    return cast("User", request.user)


class SignedIn(BasePermission):
    """Anybody who is signed in, with a role or without: their own account."""

    def has_permission(self, request: Request, _view: Any) -> bool:
        """Tell whether somebody is signed in."""
        return bool(request.user and request.user.is_authenticated)


class HasRole(SignedIn):
    """Users with any role; the default of every route."""

    roles: frozenset[str] = frozenset(Role.values)

    def has_permission(self, request: Request, view: Any) -> bool:
        """Tell whether somebody is signed in. Raises Forbidden for a role that may not."""
        if not super().has_permission(request, view):
            return False
        role = signed_in(request).role
        if not role:
            raise Forbidden
        if role not in self.roles:
            raise Forbidden("Your role does not include this.")
        return True


class IsAdministrator(HasRole):
    roles = frozenset({Role.ADMINISTRATOR})


class IsCurator(HasRole):
    """Those who may change the knowledge base."""

    roles = frozenset({Role.CURATOR, Role.ADMINISTRATOR})


class IsAuditor(HasRole):
    roles = frozenset({Role.AUDITOR})
