from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from voiceassist.accounts.models import Role, User

admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(ModelAdmin):
    """Grant a role, or take it away. People are added with `manage.py create_user` for the time being."""

    list_display = ["email", "name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name"]
    fields = ["email", "name", "role", "is_active", "last_login", "created_at"]
    readonly_fields = ["email", "last_login", "created_at"]

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: User | None = None) -> bool:
        return False

    def _is_administrator(self, request: HttpRequest, *_: Any) -> bool:
        return getattr(request.user, "role", "") == Role.ADMINISTRATOR

    has_module_permission = has_view_permission = has_change_permission = _is_administrator
