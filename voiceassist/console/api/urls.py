from django.urls import path, register_converter

from voiceassist.console.api import flags, settings, users
from voiceassist.core.plain_text import NameConverter

register_converter(NameConverter, "name")
urlpatterns = [
    path("admin/users", users.UsersView.as_view(), name="api-admin-users"),
    path("admin/users/<uuid:user_id>", users.UserView.as_view(), name="api-admin-user"),
    path("admin/settings", settings.SettingsView.as_view(), name="api-admin-settings"),
    path("admin/settings/<name:key>/history", settings.SettingHistoryView.as_view(), name="api-admin-setting-history"),
    path("admin/feature-flags", flags.FlagsView.as_view(), name="api-admin-flags"),
    path("admin/feature-flags/<name:name>", flags.FlagView.as_view(), name="api-admin-flag"),
    path("admin/feature-flags/<name:name>/history", flags.FlagHistoryView.as_view(), name="api-admin-flag-history"),
    path("feature-flags", flags.OwnFlagsView.as_view(), name="api-flags"),
]
