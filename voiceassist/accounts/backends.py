from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from voiceassist.accounts.models import User
from voiceassist.runtime.loopback import is_loopback_host

PASSED_ON = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP")


class EmailBackend(ModelBackend):
    """Whose session this is, and that nobody signs in by a library's view.

    Passwords are checked in `services.credentials` alone, where failures are counted and locked out.
    """

    def authenticate(self, *_: Any, **__: Any) -> None:
        """Know nobody by a password: Django's own forms and views would ask for nothing else."""

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        """Refuse inactive users, and the demonstration user when others could reach the server."""
        is_demo = bool(getattr(user, "is_demo", False))
        return super().user_can_authenticate(user) and not (is_demo and not serves_loopback_only())

    def get_user_permissions(self, *_: Any, **__: Any) -> set[str]:
        """Return nothing: what a user may do follows from the role alone."""
        return set()

    get_group_permissions = get_user_permissions
    get_all_permissions = get_user_permissions


def may_be_used_by(user: User, request: HttpRequest) -> bool:
    """Tell whether a user may be used from where a request comes: the demonstration user from this machine only."""
    return not user.is_demo or (serves_loopback_only() and comes_from_this_machine(request))


def serves_loopback_only() -> bool:
    """Tell whether HOST is an address that only this machine reaches; unset, nobody knows."""
    return is_loopback_host(settings.HOST)


def comes_from_this_machine(request: HttpRequest) -> bool:
    """Tell whether the request comes over loopback and no proxy passed it on."""
    return is_loopback_host(request.META.get("REMOTE_ADDR", "")) and not any(name in request.META for name in PASSED_ON)
