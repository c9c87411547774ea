"""Conversations, their messages and the citations that answers stand on."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from knowledge.models import Document, Passage


class Conversation(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-updated_at", "id"]
        indexes = [models.Index(fields=["owner", "-updated_at"])]

    def __str__(self) -> str:
        return str(self.pk)


class MessageRole(models.TextChoices):
    USER = "user"
    ASSISTANT = "assistant"


class MessageStatus(models.TextChoices):
    STREAMING = "streaming"
    COMPLETE = "complete"
    ABSTAINED = "abstained"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Message(models.Model):
    """One question or one answer. An answer's `content` carries `[n]` markers that name its citations."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="replies")
    role = models.CharField(max_length=10, choices=MessageRole.choices)
    status = models.CharField(max_length=12, choices=MessageStatus.choices, default=MessageStatus.COMPLETE)
    content = models.TextField(blank=True)
    client_id = models.CharField(
        max_length=64, blank=True, help_text="Chosen by the client; makes a resend idempotent."
    )
    is_current = models.BooleanField(default=True, help_text="False for an answer that was regenerated.")
    route = models.CharField(max_length=20, blank=True, help_text="extractive or local")
    model_used = models.CharField(max_length=120, blank=True)
    error = models.CharField(max_length=300, blank=True)
    timing = models.JSONField(default=dict, help_text="Milliseconds by stage.")
    support = models.JSONField(default=list, help_text="[start, end, verdict, reason] for each sentence of content.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "client_id"],
                condition=~models.Q(client_id=""),
                name="message_client_id_unique",
            )
        ]
        indexes = [models.Index(fields=["conversation", "created_at"])]

    def __str__(self) -> str:
        return str(self.pk)


class Citation(models.Model):
    """A passage that an answer rests on, with a copy of what was shown, so that it outlives the source.

    `start` and `end` are half-open offsets of the quoted text in the page's text.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="citations")
    number = models.PositiveIntegerField(help_text="From 1, as in the marker.")
    document = models.ForeignKey(Document, on_delete=models.SET_NULL, null=True, related_name="+")
    passage = models.ForeignKey(Passage, on_delete=models.SET_NULL, null=True, related_name="+")
    passage_key = models.UUIDField(help_text="The passage's id; stays when the passage is gone.")
    page_number = models.PositiveIntegerField()
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    quoted_text = models.TextField()
    context = models.TextField(help_text="The whole passage as it was.")
    title = models.CharField(max_length=500)
    bibliography = models.JSONField(default=dict)
    heading_path = ArrayField(models.TextField(), default=list)
    relevance_score = models.FloatField(help_text="0–100")

    class Meta:
        ordering = ["message", "number"]
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="citation_number_unique")]

    def __str__(self) -> str:
        return str(self.pk)
