"""Addresses of the chat socket."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path, re_path

from conversations.consumers import NOT_FOUND, ChatConsumer


async def nowhere(_scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Close a socket of any other address; it is accepted first, so that the code reaches the browser."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": NOT_FOUND})


websocket_urlpatterns: list[URLPattern] = [
    path("ws/chat/<uuid:conversation_id>/", ChatConsumer.as_asgi()),
    re_path("", nowhere),  # type: ignore[arg-type]  # an ASGI application, as Channels has it
]
