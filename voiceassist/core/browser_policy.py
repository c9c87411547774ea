"""Headers that tell the browser what no page of ours needs. The content security policy is django-csp's."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_OFF = (
    *("accelerometer", "camera", "clipboard-read", "display-capture", "encrypted-media", "fullscreen"),
    *("gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "midi"),
    *("payment", "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "storage-access"),
    *("sync-xhr", "usb", "window-management", "xr-spatial-tracking"),
)
_OURS = ("microphone", "autoplay", "clipboard-write")  # dictation, answers read aloud, the copy button
HEADERS = {
    "Permissions-Policy": ", ".join([*(f"{name}=(self)" for name in _OURS), *(f"{name}=()" for name in _OFF)]),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class BrowserPolicyMiddleware:
    """Set the headers on every answer that does not set them itself; health checks and preflights too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
