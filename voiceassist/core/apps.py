from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    """Errors, request ids, jobs, events and notifications: what every other app stands on."""

    name = "voiceassist.core"
    label = "core"
    verbose_name = "System"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let each app declare its kinds of jobs."""
        autodiscover_modules("jobs")
