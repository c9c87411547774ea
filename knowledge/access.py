"""Doors to documents."""

from __future__ import annotations

import uuid

from knowledge.models import Document
from knowledge.queries import curated_documents, matching_sources
from voiceassist.accounts.access import check_role, find_active_user
from voiceassist.accounts.models import Role, User
from voiceassist.core.errors import Forbidden, NotFound
from voiceassist.core.models import Job

CURATORS = (Role.CURATOR, Role.ADMINISTRATOR)


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


def check_may_index(*, job: Job) -> None:
    """Raise Forbidden unless who asked for the indexing curates now; what the system asked for itself goes on."""
    if job.owner_id is None:
        return
    owner = find_active_user(job.owner_id)
    if owner is None:
        raise Forbidden("Your account is switched off.")
    check_role(owner, *CURATORS)


def get_curated_document(*, user: User, document_id: uuid.UUID) -> Document:
    """Return a library document in any state, with its progress. Raises Forbidden for who may not curate."""
    check_role(user, *CURATORS)
    document = curated_documents().filter(pk=document_id).first()
    if document is None:
        raise DocumentNotFound
    return document
