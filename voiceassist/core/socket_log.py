"""Log lines and counts of WebSockets: when one opens and how it ends, by route and user, never by address."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import structlog
from django.urls import URLPattern

from voiceassist.core.metrics import SOCKET_FRAMES, SOCKETS_OPEN
from voiceassist.core.request_id import HEADER, new_id, well_formed
from voiceassist.core.user_id import user_id_of

NO_ROUTE = "?"

logger = structlog.get_logger(__name__)


def logged(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Return the same routes of sockets, each with its log; an empty pattern takes what no other did."""
    return [
        URLPattern(entry.pattern, LoggedSocket(entry.callback, str(entry.pattern)), entry.default_args, entry.name)
        for entry in patterns
    ]


class LoggedSocket:
    """Stands directly around a consumer, whose scope it shares: whom the consumer finds there is who is logged."""

    def __init__(self, application: Any, route: str) -> None:
        self.application = application
        self.route = route or NO_ROUTE

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=_given_id(scope) or new_id())
        watch = _Watch(scope, self.route, receive, send)
        try:
            await self.application(scope, watch.receive, watch.send)
        except Exception:
            logger.exception("socket_failed", route=self.route, user_id=user_id_of(scope.get("user")))
            raise
        finally:
            watch.end()
            structlog.contextvars.clear_contextvars()


class _Watch:
    """One socket. `code` is the close code, whoever chose it; None when the connection was just lost."""

    def __init__(self, scope: dict[str, Any], route: str, receive: Any, send: Any) -> None:
        self._scope, self._route = scope, route
        self._receive, self._send = receive, send
        self._began = time.perf_counter()
        self._frames = {"in": 0, "out": 0}
        self._is_open = False
        self._code: int | None = None

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "websocket.receive":
            self._count("in")
        elif message["type"] == "websocket.disconnect":
            self._ends_with(message.get("code"))
        return message

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            self._ends_with(message.get("code", 1000))
        await self._send(message)
        if message["type"] == "websocket.accept":
            self._is_open = True
            SOCKETS_OPEN.labels(self._route).inc()
            logger.info("socket_opened", route=self._route, user_id=self._user_id)
        elif message["type"] == "websocket.send":
            self._count("out")

    def end(self) -> None:
        """Log the end; one that was never accepted was refused."""
        if self._is_open:
            SOCKETS_OPEN.labels(self._route).dec()
        logger.info(
            "socket_closed" if self._is_open else "socket_refused",
            route=self._route,
            user_id=self._user_id,
            code=self._code,
            duration_ms=round((time.perf_counter() - self._began) * 1000, 1),
            frames_in=self._frames["in"],
            frames_out=self._frames["out"],
        )

    @property
    def _user_id(self) -> str | None:
        return user_id_of(self._scope.get("user"))

    def _count(self, direction: str) -> None:
        self._frames[direction] += 1
        SOCKET_FRAMES.labels(self._route, direction).inc()

    def _ends_with(self, code: int | None) -> None:
        self._code = self._code if self._code is not None else code


def _given_id(scope: dict[str, Any]) -> str:
    values = [value for name, value in scope.get("headers", []) if name.lower() == HEADER.lower().encode()]
    return well_formed(values[0].decode("latin1")) if len(values) == 1 else ""
