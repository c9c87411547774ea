"""Sockets that only signed-in people open, and that close within a second when the sign-in ends."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import structlog
from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from django.utils import timezone

from voiceassist.accounts import access, browser
from voiceassist.accounts.events import ENDED, group_of
from voiceassist.accounts.models import SignIn, User
from voiceassist.accounts.services import sign_ins
from voiceassist.core.errors import DomainError

SIGNED_OUT = 4401  # close code
RECHECK = 15.0  # seconds between checks of a quiet socket at most; the news of an end or of a lock comes at once
BRIEFLY = 0.05  # seconds after a browser has been alone for its limit until that is looked at
RETRY = 1.0  # seconds until the news is listened for again, after Redis was lost
JOIN_WITHIN = 2.0  # seconds; a Redis that takes connections may not answer

logger = structlog.get_logger(__name__)


class SignedInConsumer(AsyncJsonWebsocketConsumer):
    """A socket authenticated by cookie (with the Origin check of `core.same_origin`) or by a bearer access token.

    Subclasses override `opened`, `closed` and `receive`, and call `check_sign_in` before they obey a frame. A token's
    socket outlives its access token: it lives as long as the token's family does.
    """

    channel_layer_alias = None  # `_watch` listens, so that a lost Redis does not end the socket
    user: User
    sign_in: SignIn | None = None
    watch: asyncio.Task[None] | None = None
    recheck = RECHECK

    async def connect(self) -> None:
        """Accept, so that the close code reaches the client, then see who it is."""
        await self.accept()
        if not await self._identify():
            await self.close(SIGNED_OUT)
            return
        self.watch = asyncio.create_task(self._watch())
        await self.opened()

    async def disconnect(self, _code: int) -> None:
        """Stop listening."""
        if self.watch is not None:
            self.watch.cancel()
            await asyncio.gather(self.watch, return_exceptions=True)
        await self.closed()

    async def close(self, code: Any = None, reason: Any = None) -> None:
        """Put everything away first: what comes after a sign-out is not for this client."""
        await self.closed()
        await super().close(code, reason)

    async def opened(self) -> None:
        """Begin, for a user who is signed in."""

    async def closed(self) -> None:
        """Put away what `opened` took up; may be called more than once."""

    async def check_sign_in(self, *, at_work: bool = True) -> bool:
        """Read user and sign-in anew; close when either is not good any more, or the browser is locked."""
        if self.sign_in is None:
            return False  # closed already; a frame was on its way
        found = await database_sync_to_async(_still_open)(self.sign_in, at_work=at_work)
        if found is None:
            await self.close(SIGNED_OUT)
            return False
        sign_in, self.recheck = found
        self.sign_in, self.user = sign_in, sign_in.user
        self.scope["user"] = sign_in.user
        return True

    async def _identify(self) -> bool:
        """Find out who opens the socket."""
        try:
            found = await self._by_token() if _bearer(self.scope) else await self._by_cookie()
        except DomainError:
            return False
        if found is None:
            return False
        self.sign_in, self.user = found, found.user
        self.scope["user"] = found.user
        return True

    async def _by_token(self) -> SignIn | None:
        bearer = await database_sync_to_async(access.bearer_of)(_bearer(self.scope), now=timezone.now())
        return None if bearer.user.is_demo else bearer.sign_in

    async def _by_cookie(self) -> SignIn | None:
        user = await get_user(self.scope)
        if not user.is_authenticated:
            return None
        found: SignIn | None = await database_sync_to_async(_of_browser)(
            self.scope["session"], user, now=timezone.now()
        )
        return found

    async def _watch(self) -> None:
        """Close the socket when its sign-in ends. Without Redis, look every few seconds."""
        while True:
            try:
                await self._listen()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 (whatever Redis does, the socket goes on)
                logger.warning("sign_in_end_not_heard", error=type(error).__name__)
                await asyncio.sleep(RETRY)
                if not await self.check_sign_in(at_work=False):
                    return

    async def _listen(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        try:
            await self._enlist(layer, channel)
            while await self.check_sign_in(at_work=False):
                await self._wait_for_news(layer, channel)
                await self._enlist(layer, channel)  # Redis may have been restarted empty
            await asyncio.Event().wait()  # closed; `disconnect` ends this
        finally:
            async with asyncio.timeout(JOIN_WITHIN):
                await layer.group_discard(group_of(self.user.pk), channel)

    async def _enlist(self, layer: Any, channel: str) -> None:
        async with asyncio.timeout(JOIN_WITHIN):
            await layer.group_add(group_of(self.user.pk), channel)

    def _is_meant(self, message: dict[str, Any]) -> bool:
        return self.sign_in is not None and str(self.sign_in.pk) in message["sign_ins"]

    async def _wait_for_news(self, layer: Any, channel: str) -> None:
        """Return when this sign-in has ended or was locked, or it is time to look by itself."""
        try:
            async with asyncio.timeout(self.recheck):
                while True:
                    message = await layer.receive(channel)
                    if message["type"] == ENDED and self._is_meant(message):
                        return
        except TimeoutError:
            return


def _bearer(scope: dict[str, Any]) -> str:
    """Return the access token of a socket's Authorization header, or ""."""
    values = [value for name, value in scope.get("headers", []) if name == b"authorization"]
    scheme, _, text = (values[0] if len(values) == 1 else b"").strip().partition(b" ")
    return text.strip().decode("latin1") if scheme.lower() == b"bearer" else ""


def _of_browser(session: Any, user: User, *, now: datetime) -> SignIn | None:
    given = browser.sign_in_id(session)
    sign_in = access.open_sign_in(given, now=now) if given else None
    if sign_in is None or sign_in.user_id != user.pk or access.is_idle(sign_in, now=now):
        return None
    if access.lacks_second_factor(sign_in):
        return None
    return sign_in


def _still_open(sign_in: SignIn, *, at_work: bool) -> tuple[SignIn, float] | None:
    """Read a sign-in anew, and in how many seconds to do so again; what a person sent counts as being at work."""
    now = timezone.now()
    current = access.still_open(sign_in.pk, now=now)
    if current is None:
        return None
    if at_work and (now - current.last_seen_at).total_seconds() > RECHECK:
        sign_ins.see(sign_in=current, now=now)
    return current, min(RECHECK, access.until_idle(current, now=now) + BRIEFLY)
