from __future__ import annotations

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from knowledge.models import Document
from knowledge.services.statistics import refresh_statistics
from voiceassist.accounts.models import User


@transaction.atomic
def remove_document(*, document: Document, by: User) -> None:  # noqa: ARG001 (who did it is recorded once the audit log stands)
    """Delete a document with its passages and, once that is committed, its file. Citations keep what they quoted."""
    collection, file = document.collection, document.file.name
    document.delete()
    refresh_statistics(collection=collection, now=timezone.now())
    if file:
        transaction.on_commit(lambda: default_storage.delete(file))
