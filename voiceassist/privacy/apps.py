from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Detection and masking of protected health information (not built yet)."""

    name = "voiceassist.privacy"
    label = "privacy"
    default_auto_field = "django.db.models.BigAutoField"
