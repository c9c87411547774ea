from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import update_wrapper
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import InvalidPage
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from voiceassist.accounts.views.page import next_of
from voiceassist.core.errors import Forbidden, NotFound

UNUSED = frozenset({"autocomplete", "view_on_site"})  # they tell of rows that have no screen here
OURS = frozenset({"voiceassist", "knowledge", "clinical", "conversations", "voice", "sharing"})


class ConsoleSite(UnfoldAdminSite):
    """The console: knowledge-base curation and user administration, never patient content."""

    site_header = "VoiceAssist console"
    site_title = "VoiceAssist console"
    index_title = "Console"

    def has_permission(self, request: HttpRequest) -> bool:
        """Let in active users whose role has work here."""
        return bool(request.user.is_active and getattr(request.user, "is_staff", False))

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:  # noqa: FBT001, FBT002 (Django's signature)
        """Tell whoever has signed in, but has no work here, so: signing in again would not help."""
        guarded: Callable[..., Any] = super().admin_view(view, cacheable)

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Forbidden("Your role does not include this.")
            return guarded(request, *args, **kwargs)

        return update_wrapper(checked, guarded)

    def get_urls(self) -> list[URLPattern]:
        """Leave out the library's views that no screen of ours uses."""
        return [entry for entry in super().get_urls() if getattr(entry, "name", "") not in UNUSED]

    @method_decorator([never_cache, login_not_required])
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002 (Django's signature)
        """Lead to our own page: there is one way in, with its limits, locks and second factor."""
        back = next_of(request) or reverse("admin:index", current_app=self.name)
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': back})}")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002 (Django's signature)
        """Hand over to our own view, which takes what is sent only: 307 sends it again."""
        return HttpResponseRedirect(reverse("logout"), status=HTTPStatus.TEMPORARY_REDIRECT)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002 (Django's signature)
        """Lead to our own page, where wrong passwords are counted, other sign-ins end and the owner gets a mail."""
        return HttpResponseRedirect(reverse("password-change"))

    password_change_done = password_change

    def search(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Find screens by their names. Raises NotFound for a page that there is none of."""
        try:
            return super().search(request, extra_context)  # type: ignore[no-any-return]
        except (InvalidPage, ValueError) as error:
            raise NotFound("There is no such page of what was found.") from error

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Order the screens by what they are for, which is not always the app that holds the rows."""
        apps: list[Any] = super().get_app_list(request, app_label)
        by_label = {app["app_label"]: app for app in apps}
        people, system = by_label.get("accounts"), by_label.get("core")
        if people and system:
            flags = [
                {**model, "name": "Feature flags"}
                for model in people["models"]
                if model["object_name"] == "FeatureFlag"
            ]
            people["models"] = [model for model in people["models"] if model["object_name"] != "FeatureFlag"]
            system["models"] = sorted([*system["models"], *flags], key=_place)
        return apps

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take screens of our own models only: those that libraries bring show secrets, or tables that nobody uses."""
        models: Iterable[type[Model]] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        )
        ours = [model for model in models if model.__module__.partition(".")[0] in OURS]
        super().register(ours, admin_class, **options)


def _place(model: dict[str, Any]) -> int:
    names = ["SystemSetting", "FeatureFlag", "SettingChange"]
    return names.index(model["object_name"]) if model["object_name"] in names else len(names)
