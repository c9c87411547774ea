from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser

from voiceassist.accounts.models import User


class EmailBackend(ModelBackend):
    """Sign in by e-mail address and password. The demonstration user exists on loopback only."""

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        """Refuse inactive users, and the demonstration user when others could reach the server."""
        is_demo = bool(getattr(user, "is_demo", False))
        return super().user_can_authenticate(user) and not (is_demo and not serves_loopback_only())

    def get_user_permissions(self, *_: Any, **__: Any) -> set[str]:
        """Return nothing: what a user may do follows from the role alone."""
        return set()

    get_group_permissions = get_user_permissions
    get_all_permissions = get_user_permissions


def serves_loopback_only() -> bool:
    """Tell whether HOST is an address that only this machine reaches."""
    if settings.HOST == "localhost":
        return True
    try:
        return ipaddress.ip_address(settings.HOST.strip("[]")).is_loopback
    except ValueError:
        return False
