from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """Sentence support, number guard and extractive answering over evidence values."""

    name = "voiceassist.evidence"
    label = "evidence"
    default_auto_field = "django.db.models.BigAutoField"
