from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, roles, sign-ins, tokens, second factor, user settings."""

    name = "voiceassist.accounts"
    label = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        """Listen for sign-ins."""
        from voiceassist.accounts.browser import connect_signals

        connect_signals()
