from django.urls import path

from conversations.api import views_answers, views_citations, views_conversations

conversations = views_conversations.ConversationViewSet.as_view({"get": "list", "post": "create"})
conversation = views_conversations.ConversationViewSet.as_view(
    {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
)
urlpatterns = [
    path("conversations", conversations, name="api-conversations"),
    path("conversations/<uuid:conversation_id>", conversation, name="api-conversation"),
    path(
        "conversations/<uuid:conversation_id>/messages",
        views_conversations.MessagesView.as_view(),
        name="api-conversation-messages",
    ),
    path("chat", views_answers.ChatView.as_view(), name="api-chat"),
    path(
        "messages/<uuid:message_id>/regenerate", views_answers.RegenerateView.as_view(), name="api-message-regenerate"
    ),
    path("messages/<uuid:message_id>/stop", views_answers.StopView.as_view(), name="api-message-stop"),
    path(
        "messages/<uuid:message_id>/citations",
        views_citations.MessageCitationsView.as_view(),
        name="api-message-citations",
    ),
    path(
        "citations/<uuid:citation_id>/source", views_citations.CitationSourceView.as_view(), name="api-citation-source"
    ),
]
