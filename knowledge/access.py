"""Doors to documents."""

from __future__ import annotations

import uuid

from knowledge.models import Document
from knowledge.queries import curated_documents, matching_sources
from voiceassist.accounts.access import check_role
from voiceassist.accounts.models import Role, User
from voiceassist.core.errors import Forbidden, NotFound


class DocumentNotFound(NotFound):
    user_message = "This source does not exist, or it has been removed."


def get_readable_document(*, user: User, document_id: uuid.UUID) -> Document:
    """Return an indexed library document with its `page_count`. Raises Forbidden without a role, DocumentNotFound."""
    if not user.role:
        raise Forbidden
    document = matching_sources().filter(pk=document_id).first()
    if document is None:
        raise DocumentNotFound
    return document


def get_curated_document(*, user: User, document_id: uuid.UUID) -> Document:
    """Return a library document in any state, with its progress. Raises Forbidden for who may not curate."""
    check_role(user, Role.CURATOR, Role.ADMINISTRATOR)
    document = curated_documents().filter(pk=document_id).first()
    if document is None:
        raise DocumentNotFound
    return document
