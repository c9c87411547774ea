from __future__ import annotations

from django.db import transaction

from knowledge.access import DocumentNotFound
from knowledge.models import Document, DocumentStatus
from knowledge.services.uploading import request_indexing
from voiceassist.accounts.models import User
from voiceassist.core.errors import Conflict
from voiceassist.core.models import Job


class NotIndexedYet(Conflict):
    user_message = "The title is read from the file when it is indexed. Wait until that is done, then change it."


@transaction.atomic
def rename_document(*, document: Document, title: str, by: User) -> Job:
    """Correct a document's title, and queue it for indexing: passages are found by their title too.

    Citations keep the title that they were shown with. Raises NotIndexedYet, DocumentNotFound.
    """
    locked = Document.objects.select_for_update().filter(pk=document.pk).first()
    if locked is None:
        raise DocumentNotFound
    if locked.status != DocumentStatus.INDEXED:
        raise NotIndexedYet
    locked.title = title
    locked.save(update_fields=["title", "updated_at"])
    return request_indexing(document=locked, by=by)
