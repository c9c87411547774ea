"""Addresses of the chat socket."""

from __future__ import annotations

from django.urls import URLPattern, path

from conversations.consumers import ChatConsumer

websocket_urlpatterns: list[URLPattern] = [
    path("ws/chat/<uuid:conversation_id>/", ChatConsumer.as_asgi()),
]
