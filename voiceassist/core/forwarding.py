"""What a proxy says of a request counts only from our own proxies: everybody can write such a header."""

from __future__ import annotations

from typing import Any

from voiceassist.core.client_address import is_trusted

_NAMES = frozenset({b"forwarded", b"x-real-ip"})
_PREFIX = b"x-forwarded-"
PASSED_ON = (b"via", b"1.1 unknown")  # that somebody did pass the request on is worth keeping (RFC 9110, 7.6.3)


class TrustedForwarding:
    """Drop `Forwarded`, `X-Forwarded-*` and `X-Real-IP` of HTTP requests and WebSockets from untrusted peers."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> Any:
        if "headers" in scope and not is_trusted((scope.get("client") or [""])[0]):
            scope = {**scope, "headers": _believable(scope["headers"])}
        return await self.application(scope, receive, send)


def _believable(headers: Any) -> list[tuple[bytes, bytes]]:
    given = [(name, value) for name, value in headers]  # pairs may come as lists
    kept = [(name, value) for name, value in given if not _tells_of_the_client(name)]
    return kept if len(kept) == len(given) else [*kept, PASSED_ON]


def _tells_of_the_client(name: bytes) -> bool:
    plain = name.lower().replace(b"_", b"-")
    return plain in _NAMES or plain.startswith(_PREFIX)
