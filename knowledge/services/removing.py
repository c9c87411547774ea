from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from knowledge.models import Document
from knowledge.services.originals import drop_original
from knowledge.services.statistics import refresh_statistics
from voiceassist.accounts.models import User


@transaction.atomic
def remove_document(*, document: Document, by: User) -> None:  # noqa: ARG001 (who did it is recorded once the audit log stands)
    """Delete a document with its passages and, once that is committed, its file. Citations keep what they quoted.

    Waits for whoever writes its passages: both lock the document before anything else.
    """
    locked = Document.objects.select_for_update().filter(pk=document.pk).first()
    if locked is None:
        return
    collection, file = document.collection, locked.file.name
    locked.delete()
    refresh_statistics(collection=collection, now=timezone.now())
    transaction.on_commit(lambda: drop_original(file or ""))
