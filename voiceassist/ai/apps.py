from django.apps import AppConfig


class AiConfig(AppConfig):
    """The one gateway to every model."""

    name = "voiceassist.ai"
    label = "ai"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Refuse to start, whatever the process is, when a question could leave this machine."""
        from voiceassist.ai.checks import check_model_settings

        check_model_settings()
