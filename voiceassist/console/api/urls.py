from django.urls import path

from voiceassist.console.api import flags, settings, users

urlpatterns = [
    path("admin/users", users.UsersView.as_view(), name="api-admin-users"),
    path("admin/users/<uuid:user_id>", users.UserView.as_view(), name="api-admin-user"),
    path("admin/settings", settings.SettingsView.as_view(), name="api-admin-settings"),
    path("admin/settings/<str:key>/history", settings.SettingHistoryView.as_view(), name="api-admin-setting-history"),
    path("admin/feature-flags", flags.FlagsView.as_view(), name="api-admin-flags"),
    path("admin/feature-flags/<str:name>", flags.FlagView.as_view(), name="api-admin-flag"),
    path("admin/feature-flags/<str:name>/history", flags.FlagHistoryView.as_view(), name="api-admin-flag-history"),
    path("feature-flags", flags.OwnFlagsView.as_view(), name="api-flags"),
]
