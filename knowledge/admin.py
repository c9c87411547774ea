"""The curator's view of the library: upload a document, see its state, index it again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminFileFieldWidget

from knowledge.access import get_curated_document
from knowledge.models import LIBRARY, Document, DocumentStatus
from knowledge.queries import with_progress
from knowledge.services.removing import remove_document
from knowledge.services.uploading import receive_upload, request_indexing
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
class DocumentAdmin(ModelAdmin):
    list_display = ["title", "state", "page_total", "passage_total", "file_name", "created_at"]
    list_filter = ["status", "is_demonstration"]
    search_fields = ["title", "file_name"]
    ordering = ["-created_at", "title"]
    actions = ["index_again"]
    actions_detail = ["index_this_again"]
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

    def get_fieldsets(self, request: HttpRequest, obj: Document | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else [(None, {"fields": ["upload"]})]

    def get_readonly_fields(self, _request: HttpRequest, obj: Document | None = None) -> list[str]:
        return self.readonly_fields if obj else []

    def save_model(self, *_: Any, **__: Any) -> None:
        """Nothing is left to save: the upload was received when the form was checked."""

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

    @action(description="Index again", permissions=["change"], url_path="index-again")
    def index_this_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        document = get_curated_document(user=request.user, document_id=object_id)  # type: ignore[arg-type]
        request_indexing(document=document, by=request.user)  # type: ignore[arg-type]
        self.message_user(request, "Queued. The document stays searchable as it is until then.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:knowledge_document_change", args=[document.pk]))
