from django.apps import AppConfig


class SharingConfig(AppConfig):
    """Share links and exports (not built yet)."""

    name = "sharing"
    label = "sharing"
    default_auto_field = "django.db.models.BigAutoField"
