"""Addresses of the sockets of a signed-in user."""

from __future__ import annotations

from django.urls import URLPattern, path

from voiceassist.accounts.events_socket import EventsConsumer

websocket_urlpatterns: list[URLPattern] = [path("ws/events/", EventsConsumer.as_asgi())]
