from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The sealed event log (not built yet)."""

    name = "voiceassist.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
