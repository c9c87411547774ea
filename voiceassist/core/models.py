from __future__ import annotations

import uuid
from typing import Any

from django.db import models


class JobStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(models.Model):
    """The progress of one long piece of work: its stage, and `done` of `total` steps of that stage."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=60)
    subject_id = models.UUIDField(help_text="The row that the work is about.")
    owner_id = models.UUIDField(null=True, blank=True, help_text="The user who asked for it, if any.")
    status = models.CharField(max_length=10, choices=JobStatus.choices, default=JobStatus.QUEUED)
    stage = models.CharField(max_length=40, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="How often work on it was begun.")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["kind", "subject_id", "-created_at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def report(self, **changes: Any) -> None:
        """Save the given fields only, and the time."""
        for field, value in changes.items():
            setattr(self, field, value)
        self.save(update_fields=[*changes, "updated_at"])
