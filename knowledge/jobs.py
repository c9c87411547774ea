"""Names of this app's background tasks, and what each is called."""

from django.urls import reverse

from voiceassist.core.job_kinds import JobKind, declare

INDEX_DOCUMENT = declare(
    JobKind(
        "knowledge.index_document",
        title="Indexing",
        url=lambda job: reverse("admin:knowledge_document_change", args=[job.subject_id]),
        follow="knowledge.services.uploading.follow_indexing",
        check="knowledge.access.check_may_index",
    )
)
