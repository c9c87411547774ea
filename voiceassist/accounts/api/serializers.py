from __future__ import annotations

from rest_framework import serializers

from voiceassist.accounts.models import User


class UserSerializer(serializers.ModelSerializer[User]):
    """The signed-in user, as they may see themselves."""

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
