"""What the API takes and gives about profiles and preferences."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from voiceassist.accounts.models import CitationStyle, Theme, User, UserSettings
from voiceassist.accounts.services.preferences import CHANGEABLE, VOICES
from voiceassist.core.api.serializers import Strict


class ProfileSerializer(serializers.ModelSerializer[User]):
    """The signed-in user's own profile."""

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "name",
            "role",
            "professional_role",
            "department",
            "employee_id",
            "phone_number",
            "created_at",
        ]
        read_only_fields = fields


class ProfessionalSerializer(serializers.ModelSerializer[User]):
    """Somebody who works here, as colleagues see them."""

    class Meta:
        model = User
        fields = ["id", "name", "email", "role", "professional_role", "department", "employee_id", "phone_number"]
        read_only_fields = fields


class ProfileChangeSerializer(Strict):
    name = serializers.CharField(max_length=150, allow_blank=True, required=False)
    professional_role = serializers.CharField(max_length=80, allow_blank=True, required=False)
    department = serializers.CharField(max_length=80, allow_blank=True, required=False)
    employee_id = serializers.CharField(max_length=64, allow_blank=True, required=False)
    phone_number = serializers.CharField(max_length=40, allow_blank=True, required=False)
    email = serializers.CharField(max_length=254, required=False, help_text="Only as it is: it cannot be changed.")
    role = serializers.CharField(
        max_length=20, allow_blank=True, required=False, help_text="Only as it is: it cannot be changed."
    )


class PreferencesSerializer(serializers.ModelSerializer[UserSettings]):
    class Meta:
        model = UserSettings
        fields = sorted(CHANGEABLE)
        read_only_fields = fields


class PreferencesChangeSerializer(Strict):
    theme = serializers.ChoiceField(choices=Theme.choices, required=False)
    citation_style = serializers.ChoiceField(choices=CitationStyle.choices, required=False)
    time_zone = serializers.CharField(max_length=60, required=False, help_text="An IANA name, such as Europe/Berlin.")
    language = serializers.CharField(max_length=10, required=False, help_text="A BCP 47 tag, such as de-AT.")
    voice = serializers.ChoiceField(choices=VOICES, required=False)
    speech_rate = serializers.FloatField(min_value=0.5, max_value=2.0, required=False, help_text="1.0: its own.")
    idle_lock_minutes = serializers.IntegerField(
        min_value=1,
        max_value=240,
        allow_null=True,
        required=False,
        help_text="Not longer than the system's limit; null for that limit.",
    )
    email_notifications = serializers.BooleanField(required=False)


class SearchSerializer(serializers.Serializer[Any]):
    q = serializers.CharField(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="Words to look for in name, address, profession and department.",
    )
