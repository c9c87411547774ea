from __future__ import annotations

import uuid

from celery import shared_task

from knowledge.jobs import INDEX_DOCUMENT
from knowledge.services.uploading import run_indexing


@shared_task(name=INDEX_DOCUMENT, acks_late=True)
def index_document(job_id: str) -> None:
    """Index one document; see the job's row for progress."""
    run_indexing(job_id=uuid.UUID(job_id))
