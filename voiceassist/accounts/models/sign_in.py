from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from voiceassist.accounts.models.user import User


class SignInKind(models.TextChoices):
    BROWSER = "browser"
    TOKEN = "token"  # noqa: S105


class EndReason(models.TextChoices):
    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    REUSED = "reused"
    EVERYWHERE = "everywhere"
    PASSWORD = "password"  # noqa: S105
    DEACTIVATED = "deactivated"


class SignIn(models.Model):
    """One signing in: a browser session, or a family of tokens that descend from one log-in.

    The clients call it a session. Of a family only the newest refresh token (`refresh_id`) is good; an older one that
    comes again was stolen, or its successor was, and ends the family (RFC 9700, 4.14.2).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sign_ins")
    kind = models.CharField(max_length=10, choices=SignInKind.choices)
    session_key = models.CharField(max_length=40, blank=True, help_text="Of the browser session.")
    auth_hash = models.CharField(
        max_length=64, help_text="Of the user's password and `valid_after`: changing either voids the sign-in."
    )
    refresh_id = models.UUIDField(null=True, blank=True, help_text="The id of the family's newest refresh token.")
    address = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(max_length=200, blank=True, help_text="Browser and system, as the client named them.")
    second_factor = models.BooleanField(default=False, help_text="A second factor was given.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=12, choices=EndReason.choices, blank=True)

    class Meta:
        ordering = ["-last_seen_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["session_key"], condition=~models.Q(session_key=""), name="sign_in_session_key_unique"
            )
        ]
        indexes = [models.Index(fields=["user"], condition=models.Q(ended_at=None), name="sign_in_open")]

    def __str__(self) -> str:
        return str(self.pk)

    def is_open(self, now: datetime) -> bool:
        """Tell whether it still lets anybody in, as far as the row knows."""
        return self.ended_at is None and now < self.expires_at

    def is_bound_to(self, user: User) -> bool:
        """Tell whether password and `valid_after` are what they were when it began or was renewed."""
        return constant_time_compare(self.auth_hash, user.get_session_auth_hash())
