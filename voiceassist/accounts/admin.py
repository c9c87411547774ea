"""The console's screens about people and feature flags, for administrators. The services keep their rules."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from voiceassist.accounts.forms.administration import FlagForm, HandingOver, InvitationForm, UserForm
from voiceassist.accounts.models import FeatureFlag, Invitation, Role, User
from voiceassist.accounts.queries import open_invitations
from voiceassist.accounts.screens import Screen
from voiceassist.accounts.services import flags, invitations, second_factor
from voiceassist.accounts.services.mailing import invitation_link
from voiceassist.core.models import SettingArea


class AdministratorsOnly:
    """Screens that curators and auditors do not see."""

    def _is_administrator(self, request: HttpRequest, *_: Any) -> bool:
        return getattr(request.user, "role", "") == Role.ADMINISTRATOR

    has_module_permission = has_view_permission = has_add_permission = _is_administrator
    has_change_permission = has_delete_permission = _is_administrator


class Named:
    """A user who shows on a page by name."""

    def __init__(self, user: User) -> None:
        self.user = user

    def __getattr__(self, name: str) -> Any:
        return getattr(self.user, name)

    def __str__(self) -> str:
        return self.user.get_full_name()


class SavedByServices(AdministratorsOnly, Screen):
    """Forms that know who is asking; when they are valid, their service has done the work."""

    form: type[HandingOver]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 (Django's signature)
        """Hand the request to the form."""
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"request": request})

    def save_model(self, *_: Any, **__: Any) -> None:
        """Leave it: the service has saved."""


@admin.register(User)
class UserAdmin(SavedByServices):
    """Grant a role or take it away, switch somebody off, keep their profile. People come by invitation."""

    form = UserForm
    list_display = ["email", "name", "role_shown", "active", "professional_role", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name", "professional_role", "department"]
    list_fullwidth = True
    fieldsets = [
        (None, {"fields": ["email", "name", "role", "is_active"]}),
        ("Profile", {"fields": ["professional_role", "department", "employee_id", "phone_number"]}),
        ("Signing in", {"fields": ["has_second_factor", "email_verified_at", "last_login", "created_at"]}),
    ]
    readonly_fields = ["email", "has_second_factor", "email_verified_at", "last_login", "created_at"]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Head the page with the person's name; in the log and everywhere else a user is an id."""
        context["original"] = Named(context["original"])
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: User | None = None) -> bool:
        return False

    @display(description="Role", label={"none": "warning", "administrator": "info"}, ordering="role")
    def role_shown(self, user: User) -> tuple[str, str]:
        """Show the role, and plainly that there is none."""
        return (user.role, user.get_role_display()) if user.role else ("none", "No role")

    @display(description="Active", boolean=True, ordering="is_active")
    def active(self, user: User) -> bool:
        """Tell whether the person may sign in."""
        return user.is_active

    @display(description="Second factor")
    def has_second_factor(self, user: User) -> str:
        """Tell whether it is set up; what it is stays with its owner."""
        return "Set up" if second_factor.is_set_up(user) else "Not set up"


@admin.register(Invitation)
class InvitationAdmin(SavedByServices):
    """Invite somebody, and take back an invitation that was not used yet. Those that were used are users now."""

    form = InvitationForm
    list_display = ["email", "name", "role_shown", "created_at", "expires_at"]
    list_filter = ["role"]
    search_fields = ["email", "name"]
    list_fullwidth = True
    fields = ["email", "name", "role"]

    def get_queryset(self, _request: HttpRequest) -> QuerySet[Invitation]:
        """Show what can still be used."""
        return open_invitations(timezone.now())

    def has_change_permission(self, _request: HttpRequest, _obj: Invitation | None = None) -> bool:
        return False

    def response_add(self, request: HttpRequest, obj: Invitation, *_: Any, **__: Any) -> HttpResponse:
        """Say that a message is on its way, and show its link once, in case it does not arrive."""
        text = "A message is on its way to {}. If it does not arrive, hand over this link: {}"
        messages.success(request, format_html(text, obj.email, invitation_link(obj)))
        return HttpResponseRedirect(reverse("admin:accounts_invitation_changelist"))

    def delete_model(self, _request: HttpRequest, obj: Invitation) -> None:
        invitations.withdraw(invitation_id=obj.pk, now=timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        for invitation in queryset:
            self.delete_model(request, invitation)

    @display(description="Role", label={"none": "warning", "administrator": "info"}, ordering="role")
    def role_shown(self, invitation: Invitation) -> tuple[str, str]:
        """Show the role that the account will have."""
        return (invitation.role, invitation.get_role_display()) if invitation.role else ("none", "No role")


@admin.register(FeatureFlag)
class FlagAdmin(SavedByServices):
    """Switch features on for roles, for a percentage, for everyone or for nobody."""

    form = FlagForm
    list_display = ["name", "on_for", "note", "modified"]
    search_fields = ["name", "note"]
    list_fullwidth = True
    fieldsets = [(None, {"fields": ["name", "everyone", "roles", "percent", "note"]})]

    def history_view(self, request: HttpRequest, object_id: str, _extra_context: Any = None) -> HttpResponse:
        """Lead to what the service recorded."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        flag = self.get_object(request, unquote(object_id))
        query = urlencode({"area__exact": SettingArea.FLAG, "key__exact": getattr(flag, "name", "")})
        return HttpResponseRedirect(f"{reverse('admin:core_settingchange_changelist')}?{query}")

    def delete_model(self, request: HttpRequest, obj: FeatureFlag) -> None:
        flags.delete_flag(name=obj.name, by=request.user)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[FeatureFlag]) -> None:
        for flag in queryset:
            self.delete_model(request, flag)

    @display(description="On for")
    def on_for(self, flag: FeatureFlag) -> str:
        """Say in words for whom it is on."""
        if flag.everyone is not None:
            return "everyone" if flag.everyone else "nobody"
        parts = [Role(role).label for role in flag.roles]
        if flag.percent:
            parts.append(f"{flag.percent} % of users")
        return ", ".join(parts) or "nobody yet"
