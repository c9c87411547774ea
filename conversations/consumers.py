"""The chat socket: checks who speaks and what is sent, then passes frames to and from the runs of answers."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import Any

import structlog
from channels.db import database_sync_to_async

from conversations import access, frames
from conversations.models import MessageRole
from conversations.services import exchanges, payloads, recovery, runs
from conversations.services.answers import AnswerGone
from voiceassist.accounts.consumers import SignedInConsumer
from voiceassist.core import rate_limits
from voiceassist.core.errors import DomainError, NotFound, ServerFault
from voiceassist.core.rate_limits import RateLimited

NO_ROLE, NOT_FOUND = 4403, 4404  # close codes
FOLLOWED = 8  # answers at a time

logger = structlog.get_logger(__name__)


class ChatConsumer(SignedInConsumer):
    """One browser tab, or one program, in one conversation. Answers go on without it."""

    conversation_id: uuid.UUID
    following: dict[uuid.UUID, asyncio.Task[None]]

    async def connect(self) -> None:
        """Take the address apart, then see who it is."""
        self.following = {}
        self.conversation_id = self.scope["url_route"]["kwargs"]["conversation_id"]
        await super().connect()

    async def opened(self) -> None:
        """Pass the doors."""
        try:
            await self._at_door(access.get_readable_conversation, conversation_id=self.conversation_id)
        except DomainError as error:
            await self.close(NOT_FOUND if isinstance(error, NotFound) else NO_ROLE)
            return
        await database_sync_to_async(recovery.close_dead_answers)(conversation_id=self.conversation_id)

    async def closed(self) -> None:
        """Stop following; the answers themselves go on."""
        followers = [task for task in self.following.values() if task is not asyncio.current_task()]
        for task in followers:
            task.cancel()
        await asyncio.gather(*followers, return_exceptions=True)

    async def receive(self, text_data: str | None = None, **_: Any) -> None:
        """Check sign-in and conversation, then the frame, then obey it. No fault of a frame closes the socket."""
        request_id, data = uuid.uuid4().hex, {}
        if not await self.check_sign_in() or not await self._check_conversation():
            return
        try:
            data = frames.decode(text_data)
            request_id = frames.request_id_of(data)
            await self._obey(frames.parse(data), request_id)
        except DomainError as error:
            await self._refuse(error, request_id, data.get("client_id"))
        except Exception as error:  # noqa: BLE001  (the socket stays, and the log gets no text)
            logger.error("frame_failed", error=type(error).__name__, request_id=request_id)  # noqa: TRY400
            await self._refuse(ServerFault(), request_id, data.get("client_id"))

    async def _obey(self, frame: frames.ClientFrame, request_id: str) -> None:
        match frame:
            case frames.Send():
                await self._send_message(frame, request_id)
            case frames.Regenerate():
                await self._regenerate(frame, request_id)
            case frames.Stop():
                await self._check_answer(frame.message_id)
                await runs.stop(frame.message_id)
            case frames.Resume():
                await self._check_answer(frame.message_id)
                self._follow(frame.message_id, frame.after, request_id)
            case frames.Ping():
                await self.send_json({"type": "pong", "request_id": request_id})

    async def _send_message(self, frame: frames.Send, request_id: str) -> None:
        make = partial(exchanges.ask, content=frame.content, parent_id=frame.parent_id)
        await self._begin(make, frame.client_id, request_id)

    async def _regenerate(self, frame: frames.Regenerate, request_id: str) -> None:
        await self._check_answer(frame.message_id)
        make = partial(exchanges.ask_again, message_id=frame.message_id)
        await self._begin(make, frame.client_id, request_id)

    async def _begin(self, make: Callable[..., exchanges.Exchange], client_id: str, request_id: str) -> None:
        """Store and start an answer, say so, and follow it."""
        await self._check_limit()
        make = partial(make, by=self.user, conversation_id=self.conversation_id, client_id=client_id)
        exchange = await runs.begin(conversation_id=self.conversation_id, make=make)
        await self.send_json({**payloads.accepted_payload(exchange, client_id=client_id), "request_id": request_id})
        self._follow(exchange.answer.pk, 0, request_id)

    async def _check_limit(self) -> None:
        """Count the question among the user's others, the API's included. Raises RateLimited."""
        standing = await database_sync_to_async(rate_limits.count)("chat", str(self.user.pk))
        if not standing.is_within:
            raise RateLimited(standing.reset)

    def _follow(self, answer_id: uuid.UUID, after: int, request_id: str) -> None:
        """Pass an answer's frames on in the background, in place of an earlier follower of it."""
        if earlier := self.following.pop(answer_id, None):
            earlier.cancel()
        if len(self.following) >= FOLLOWED:
            raise frames.BadFrame("This socket follows too many answers at once.")
        task = asyncio.create_task(self._pass_on(answer_id, after, request_id))
        self.following[answer_id] = task
        task.add_done_callback(partial(self._forget, answer_id))

    def _forget(self, answer_id: uuid.UUID, task: asyncio.Task[None]) -> None:
        if self.following.get(answer_id) is task:
            del self.following[answer_id]

    async def _pass_on(self, answer_id: uuid.UUID, after: int, request_id: str) -> None:
        try:
            async with aclosing(runs.follow(answer_id, after=after)) as events:
                async for event in events:
                    await self.send_json({**event, "request_id": request_id})
        except AnswerGone:
            await self.close(NOT_FOUND)
        except DomainError as error:
            await self._refuse(error, request_id)
        except Exception as error:  # noqa: BLE001  (a task that nobody awaits must not die silently)
            logger.error("follow_failed", error=type(error).__name__, request_id=request_id)  # noqa: TRY400
            await self._refuse(ServerFault(), request_id)

    async def _check_answer(self, answer_id: uuid.UUID) -> None:
        """Raise MessageNotFound unless this is an answer of this conversation, and the user's to see."""
        message = await self._at_door(access.get_readable_message, message_id=answer_id)
        if message.conversation_id != self.conversation_id or message.role != MessageRole.ASSISTANT:
            raise access.MessageNotFound

    async def _check_conversation(self) -> bool:
        """Close when the conversation was deleted. A user who lost the role is told so in answer to the frame."""
        try:
            await self._at_door(access.get_readable_conversation, conversation_id=self.conversation_id)
        except NotFound:
            await self.close(NOT_FOUND)
            return False
        except DomainError:
            pass
        return True

    async def _at_door(self, door: Callable[..., Any], **what: uuid.UUID) -> Any:
        return await database_sync_to_async(door)(user=self.user, **what)

    async def _refuse(self, error: DomainError, request_id: str, client_id: Any = None) -> None:
        about: dict[str, Any] = {"client_id": client_id} if isinstance(client_id, str) else {}
        if error.retry_after is not None:
            about["retry_after"] = math.ceil(error.retry_after)
        await self.send_json(
            {
                "type": "error",
                "code": error.code,
                "message": error.user_message,
                "request_id": request_id,
                **about,
            }
        )
