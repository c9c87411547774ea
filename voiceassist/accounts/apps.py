from django.apps import AppConfig
from django.core import checks


class AccountsConfig(AppConfig):
    """Users, roles, sign-ins, tokens, second factor, user settings."""

    name = "voiceassist.accounts"
    label = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        """Listen for sign-ins, and have the settings of single sign-on and mail checked."""
        from voiceassist.accounts.browser import connect_signals
        from voiceassist.accounts.checks import check_mail
        from voiceassist.accounts.oidc.provider_settings import check_single_sign_on

        connect_signals()
        checks.register(check_single_sign_on, checks.Tags.security)
        checks.register(check_mail, checks.Tags.security)
