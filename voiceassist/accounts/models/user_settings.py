from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class Theme(models.TextChoices):
    SYSTEM = "system", "As the system"
    LIGHT = "light"
    DARK = "dark"


class CitationStyle(models.TextChoices):
    APA = "apa", "APA"
    MLA = "mla", "MLA"
    CHICAGO = "chicago", "Chicago"
    VANCOUVER = "vancouver", "Vancouver"


class UserSettings(models.Model):
    """What a user chose for themselves. A missing row means the defaults."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preferences"
    )
    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    citation_style = models.CharField(max_length=10, choices=CitationStyle.choices, default=CitationStyle.VANCOUVER)
    time_zone = models.CharField(max_length=60, default="UTC", help_text="An IANA name, such as Europe/Berlin.")
    language = models.CharField(max_length=10, default="en", help_text="A BCP 47 tag, for speech.")
    voice = models.CharField(max_length=40, default="alloy")
    speech_rate = models.FloatField(
        default=1.0, validators=[MinValueValidator(0.5), MaxValueValidator(2.0)], help_text="1.0 is the voice's own."
    )
    idle_lock_minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(240)],
        help_text="Shorter than the system's limit, or empty for it.",
    )
    email_notifications = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return str(self.pk)
