from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles and browser sign-in."""

    name = "voiceassist.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
