"""The curator's view of the library: upload a document, see its state, index it again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget

from knowledge.models import LIBRARY, Document, DocumentStatus
from knowledge.queries import with_progress
from knowledge.services.removing import remove_document
from knowledge.services.uploading import receive_upload, request_indexing
from voiceassist.accounts.screens import Screen
from voiceassist.core import rate_limits
from voiceassist.core.errors import DomainError
from voiceassist.core.models import JobStatus


class UploadForm(forms.ModelForm):  # type: ignore[type-arg]
    """Asks for the file only: everything else is read from it."""

    upload = forms.FileField(
        label="File",
        widget=UnfoldAdminFileFieldWidget,
        help_text="PDF, DOCX, Markdown or plain text. Files that hold many records (JSONL, PubMed XML) are imported "
        "with “manage.py import_documents”.",
    )
    request: HttpRequest

    class Meta:
        model = Document
        fields: list[str] = []

    def clean_upload(self) -> Any:
        """Hand the file over; what is wrong with it is said beside the field."""
        try:
            self.instance = receive_upload(upload=self.cleaned_data["upload"], by=self.request.user)  # type: ignore[arg-type]
        except DomainError as error:
            raise ValidationError(error.user_message) from error
        return self.cleaned_data["upload"]


@admin.register(Document)
class DocumentAdmin(Screen):
    list_display = ["title", "state", "page_total", "passage_total", "file_name", "created_at"]
    list_filter = ["status", "is_demonstration"]
    search_fields = ["title", "file_name"]
    ordering = ["-created_at", "title"]
    actions = ["index_again"]
    actions_submit_line = ["index_this_again"]
    list_fullwidth = True
    fieldsets = [
        (None, {"fields": ["title", "state", "problem", "file_name", "is_demonstration"]}),
        ("Indexed", {"fields": ["page_total", "passage_total", "created_at", "updated_at"]}),
        ("Bibliography", {"fields": ["bibliography"]}),
    ]
    readonly_fields = [name for _, options in fieldsets for name in options["fields"]]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        """Show the library only, never attachments or evaluation runs."""
        return with_progress(super().get_queryset(request).filter(collection__scope=LIBRARY))

    def get_form(self, request: HttpRequest, obj: Document | None = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 (Django's signature)
        """Ask for a file when adding, for nothing afterwards."""
        if obj is not None:
            return super().get_form(request, obj, change, **kwargs)
        return type("RequestUploadForm", (UploadForm,), {"request": request})

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Count what is uploaded here with what the same person uploads by the API. Raises RateLimited."""
        if request.method == "POST":
            rate_limits.check("upload", request, subject=str(request.user.pk))
        return super().add_view(request, *args, **kwargs)  # type: ignore[no-any-return]

    def get_fieldsets(self, request: HttpRequest, obj: Document | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else [(None, {"fields": ["upload"]})]

    def get_readonly_fields(self, _request: HttpRequest, obj: Document | None = None) -> list[str]:
        return self.readonly_fields if obj else []

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Offer to save when adding only: nothing can be edited."""
        is_new = context.get("original") is None
        context |= {"show_save": is_new, "show_save_and_continue": is_new}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, *_: Any, **__: Any) -> None:
        """Nothing is left to save: the upload was received when the form was checked."""

    def response_change(self, request: HttpRequest, obj: Document) -> HttpResponse:
        """Do what the pressed button says."""
        for button in self.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, obj)
        return HttpResponseRedirect(request.path)

    def delete_model(self, request: HttpRequest, obj: Document) -> None:
        remove_document(document=obj, by=request.user)  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        for document in queryset:
            self.delete_model(request, document)

    def _may_curate(self, request: HttpRequest, *_: Any) -> bool:
        return bool(getattr(request.user, "is_curator", False))

    has_module_permission = has_view_permission = has_add_permission = _may_curate
    has_delete_permission = has_change_permission = _may_curate

    @display(
        description="State",
        label={
            DocumentStatus.INDEXED.label: "success",
            DocumentStatus.FAILED.label: "danger",
            "Index failed": "warning",
        },
    )
    def state(self, document: Any) -> str:
        """Say where the document stands, with the stage and count while it is being worked on."""
        if document.job_status in (JobStatus.QUEUED, JobStatus.RUNNING):
            count = f" {document.job_done} of {document.job_total}" if document.job_total else ""
            return f"{document.job_stage.capitalize() or 'Waiting for the worker'}{count}"
        if document.job_status == JobStatus.FAILED and document.status == DocumentStatus.INDEXED:
            return "Index failed"
        return str(document.get_status_display())

    @display(description="What went wrong")
    def problem(self, document: Any) -> str:
        return document.error or document.job_error or "Nothing"

    @display(description="Pages")
    def page_total(self, document: Any) -> int:
        return int(document.page_count)

    @display(description="Passages")
    def passage_total(self, document: Any) -> int:
        return int(document.passage_count)

    @action(description="Index again", permissions=["change"])
    def index_again(self, request: HttpRequest, queryset: QuerySet[Document]) -> None:
        for document in queryset:
            request_indexing(document=document, by=request.user)  # type: ignore[arg-type]
        self.message_user(request, "Queued. The documents stay searchable as they are until they are indexed again.")

    @action(description="Index again", permissions=["change"])
    def index_this_again(self, request: HttpRequest, document: Document) -> None:
        request_indexing(document=document, by=request.user)  # type: ignore[arg-type]
        self.message_user(request, "Queued. The document stays searchable as it is until then.", messages.SUCCESS)

    def log_addition(self, request: HttpRequest, obj: Document, message: Any) -> None:
        _log(request, [obj], ADDITION, message)

    def log_change(self, request: HttpRequest, obj: Document, message: Any) -> None:
        _log(request, [obj], CHANGE, message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Document]) -> None:
        _log(request, queryset, DELETION, [])


def _log(request: HttpRequest, documents: Iterable[Document], flag: int, message: Any) -> None:
    """Write the console's own log by id: titles and file names may hold what is nobody else's business."""
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=request.user.pk,  # type: ignore[misc]  # whoever is here has signed in
            content_type=ContentType.objects.get_for_model(Document),
            object_id=str(document.pk),
            object_repr=str(document.pk),
            action_flag=flag,
            change_message=message if isinstance(message, str) else json.dumps(message),
        )
        for document in documents
    )
