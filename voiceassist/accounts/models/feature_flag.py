from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from waffle.models import AbstractUserFlag

from voiceassist.accounts.models.user import Role


class FeatureFlag(AbstractUserFlag):
    """A feature that can be given to roles, to a percentage of users, to everyone or to nobody.

    A user's place in a percentage follows from the user and the flag, so it is the same in every browser and token.
    """

    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list, blank=True)

    class Meta(AbstractUserFlag.Meta):
        abstract = False
        ordering = ["name"]

    def is_active_for_user(self, user: Any) -> bool:
        """Decide by `everyone`, then by role, then by percentage; the library's other fields decide nothing."""
        if self.everyone is not None:
            return bool(self.everyone)
        if not user.is_authenticated:
            return False
        if user.role and user.role in self.roles:
            return True
        return self.percent is not None and place_of(user.pk, self.name) < float(self.percent)


def place_of(user_id: Any, flag: str) -> float:
    """Return where a user stands for a flag, from 0 up to 100, evenly spread."""
    digest = hashlib.sha256(f"{flag}\0{user_id}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32 * 100
