"""What every screen of the console keeps to, whatever its address asks for."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from voiceassist.core.errors import NotValid
from voiceassist.core.plain_text import UNUSABLE


class Screen(ModelAdmin):
    """A list of rows and a page for each.

    Django lets a list be filtered by any column, such as by how a password's hash begins; here it is what is offered.
    """

    linked_by: ClassVar[list[str]] = []  # columns that links of ours filter by, beside those of `list_filter`

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:  # noqa: ARG002 (Django's signature)
        """Refuse whatever is not offered. Raises NotValid: Django's own error writes what was asked into the log."""
        column, _, kind = lookup.partition("__")
        if column in {*self.list_filter, *self.linked_by} and kind in {"exact", "isnull"}:
            return True
        raise NotValid("This list cannot be filtered like that.")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Model | None:
        """Return the row of a page, None for an id that cannot be: in the console's addresses `_00` is a NUL."""
        return None if UNUSABLE.search(object_id) else super().get_object(request, object_id, from_field)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Run the chosen action; a selection that names no row is none."""
        try:
            return super().response_action(request, queryset)  # type: ignore[no-any-return]
        except (ValidationError, ValueError):
            self.message_user(request, "Choose from the list.", messages.ERROR)
            return None

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask for the role before the row, as every other page does."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)  # type: ignore[no-any-return]
