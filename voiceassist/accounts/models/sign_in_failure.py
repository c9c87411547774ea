from __future__ import annotations

from django.db import models


class SignInFailure(models.Model):
    """Failed attempts for one address, whether or not an account has it; the address itself is not kept."""

    digest = models.CharField(max_length=64, primary_key=True, help_text="HMAC of the address, and of a known device.")
    address = models.CharField(max_length=64, db_index=True, help_text="HMAC of the address alone.")
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    locked_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["last_at"])]

    def __str__(self) -> str:
        return self.digest[:8]
