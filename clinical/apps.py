from django.apps import AppConfig


class ClinicalConfig(AppConfig):
    """Clinical context, patients, visits and notes (not built yet)."""

    name = "clinical"
    label = "clinical"
    default_auto_field = "django.db.models.BigAutoField"
