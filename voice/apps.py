from django.apps import AppConfig


class VoiceConfig(AppConfig):
    """Voice sessions (not built yet)."""

    name = "voice"
    label = "voice"
    default_auto_field = "django.db.models.BigAutoField"
