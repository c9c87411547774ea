"""WebSockets are opened by our own pages only: browsers send cookies to them from any site.

RFC 6455, 10.2 (origin considerations). A socket without a cookie carries nobody's identity and needs no Origin.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

_PORTS = {"http": 80, "https": 443}


class SameOriginMiddleware:
    """Refuse a WebSocket that carries a cookie unless its Origin is the address it asks for (HTTP 403)."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        headers = _headers(scope)
        if "cookie" in headers and not is_same_origin(headers, _scheme(scope, headers)):
            await send({"type": "websocket.close"})  # before it is accepted, this is HTTP 403
            return None
        return await self.application(scope, receive, send)


def is_same_origin(headers: dict[str, str], scheme: str) -> bool:
    """Compare scheme, host and port of Origin and Host, or find the Origin in CSRF_TRUSTED_ORIGINS."""
    origin, host = headers.get("origin", ""), headers.get("host", "").lower()
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    asked, ours = _address(origin), _address(f"{scheme}://{host}")
    return asked is not None and asked == ours


def _address(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of a plain origin, None for anything else."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if port is None or not parts.hostname or f"{parts.scheme}://{parts.netloc}" != url or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port


def _headers(scope: dict[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case name; one that is repeated matches nothing."""
    headers: dict[str, str] = {}
    for name, value in scope.get("headers", []):
        key = name.decode("latin1").lower()
        headers[key] = value.decode("latin1") if key not in headers else ""
    return headers


def _scheme(scope: dict[str, Any], headers: dict[str, str]) -> str:
    """Return http or https, as the browser sees it; SECURE_PROXY_SSL_HEADER counts when it is set."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        if headers.get(name.removeprefix("HTTP_").replace("_", "-").lower()) == secure:
            return "https"
    return "https" if scope.get("scheme") in {"wss", "https"} else "http"
