from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Reading, checking and storing files."""

    name = "voiceassist.files"
    label = "files"
    default_auto_field = "django.db.models.BigAutoField"
