"""Doors to documents."""

from __future__ import annotations

import uuid

from knowledge.models import Document
from knowledge.queries import library_documents
from voiceassist.accounts.models import User
from voiceassist.core.errors import Forbidden, NotFound


class DocumentNotFound(NotFound):
    user_message = "This source does not exist, or it has been removed."


def get_readable_document(*, user: User, document_id: uuid.UUID) -> Document:
    """Return an indexed library document. Raises Forbidden for users without a role, DocumentNotFound."""
    if not user.role:
        raise Forbidden
    document = library_documents().filter(pk=document_id).first()
    if document is None:
        raise DocumentNotFound
    return document
