from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AppConfig):
    """The admin site and health aggregation; the top layer."""

    name = "voiceassist.console"
    label = "console"
    default = True


class ConsoleAdminConfig(AdminConfig):
    """Django's admin with our site in place of its own."""

    default = False
    default_site = "voiceassist.console.site.ConsoleSite"
