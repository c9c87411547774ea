from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """Conversations, the answer pipeline and the chat socket."""

    name = "conversations"
    label = "conversations"
    default_auto_field = "django.db.models.BigAutoField"
