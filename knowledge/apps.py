from django.apps import AppConfig


class KnowledgeConfig(AppConfig):
    """Documents, passages, indexing and retrieval."""

    name = "knowledge"
    label = "knowledge"
    default_auto_field = "django.db.models.BigAutoField"
