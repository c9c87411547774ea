from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Errors, request ids and job progress: what every other app stands on."""

    name = "voiceassist.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"
