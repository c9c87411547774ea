"""Asking, asking again, and stopping: the same runs that the chat socket starts and follows."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from channels.db import database_sync_to_async
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import access
from conversations.api import event_stream
from conversations.api import serializers as shapes
from conversations.api.awaited import AwaitedView
from conversations.frames import CLIENT_ID_LIMIT
from conversations.services import exchanges, payloads, runs
from voiceassist.accounts.access import Bearer, still_open
from voiceassist.accounts.api.permissions import signed_in
from voiceassist.accounts.models import SignIn, User
from voiceassist.core.api.schema import errors
from voiceassist.core.api.serializers import given
from voiceassist.core.api.throttling import limit
from voiceassist.core.errors import Conflict, NotValid
from voiceassist.core.request_id import id_of

KEY = "Idempotency-Key"
HEADERS = [
    OpenApiParameter(
        KEY,
        {"type": "string", "minLength": 1, "maxLength": CLIENT_ID_LIMIT},
        OpenApiParameter.HEADER,
        description="The same as `client_id`: what is sent again under it is answered once.",
    ),
    OpenApiParameter(
        "Last-Event-ID",
        str,
        OpenApiParameter.HEADER,
        description="With a resend: the stream goes on after this event. What is no number counts as 0.",
    ),
]
ANSWERS: dict[Any, Any] = {
    (200, "application/json"): OpenApiResponse(
        shapes.ChatAnswerSerializer,
        description="The whole answer; or, as `text/event-stream`, the frames of the chat socket as events: "
        "`message.accepted`, then `message.stage`, `message.citation` and `message.delta`, at last `message.done` or "
        "`message.failed`; `error` when the stream cannot go on. Ids are the frames' `seq`.",
    ),
    (200, event_stream.MEDIA_TYPE): OpenApiTypes.STR,
    **errors(409),
}


class AnsweringView(AwaitedView):
    """A route that starts an answer, and returns it whole or as it is written."""

    throttle_classes = [limit("chat", by_user=True)]

    async def answer(
        self, *, conversation_id: uuid.UUID, make: Callable[..., exchanges.Exchange], client_id: str, sources: int
    ) -> HttpResponseBase:
        """Store and start an answer; follow it as the client wishes."""
        make = partial(make, by=signed_in(self.request), conversation_id=conversation_id, client_id=client_id)
        exchange = await runs.begin(conversation_id=conversation_id, make=make)
        if event_stream.is_wanted(self.request):
            return self._streamed(exchange, client_id)
        message = await runs.finished(exchange.answer.pk)
        whole = {
            "message": message,
            "sources": message["sources"][:sources],
            "conversation_id": message["conversation_id"],
        }
        return Response(shapes.ChatAnswerSerializer(whole).data)

    def _streamed(self, exchange: exchanges.Exchange, client_id: str) -> HttpResponseBase:
        return event_stream.event_stream(
            accepted=payloads.accepted_payload(exchange, client_id=client_id),
            answer_id=exchange.answer.pk,
            after=0 if exchange.is_new else event_stream.last_event_id(self.request),
            request_id=id_of(self.request),
            still_signed_in=partial(_is_signed_in, _sign_in_of(self.request)),
        )


class ChatView(AnsweringView):
    """Questions."""

    @extend_schema(operation_id="chat", parameters=HEADERS, request=shapes.ChatSerializer, responses=ANSWERS)
    async def post(self, request: Request) -> HttpResponseBase:
        """Ask, and get the answer with its citations; `Accept: text/event-stream` streams it."""
        body = given(shapes.ChatSerializer, request)
        client_id = _client_id(request, body)
        conversation_id, ask = await _where(signed_in(request), body.get("conversation_id"), client_id)
        make = partial(ask, content=body["message"])
        return await self.answer(conversation_id=conversation_id, make=make, client_id=client_id, sources=body["limit"])


class RegenerateView(AnsweringView):
    """Second answers."""

    @extend_schema(
        operation_id="messages_regenerate", parameters=HEADERS, request=shapes.RegenerateSerializer, responses=ANSWERS
    )
    async def post(self, request: Request, message_id: uuid.UUID) -> HttpResponseBase:
        """Have an answer written again; it takes the place of the earlier one."""
        body = given(shapes.RegenerateSerializer, request)
        earlier = await _answer(request, message_id)
        make = partial(exchanges.ask_again, message_id=message_id)
        client_id = _client_id(request, body)
        return await self.answer(
            conversation_id=earlier.conversation_id, make=make, client_id=client_id, sources=shapes.MOST_SOURCES
        )


class StopView(AwaitedView):
    """Ending an answer early."""

    throttle_classes = [limit("api", by_user=True)]

    @extend_schema(operation_id="messages_stop", request=None, responses={200: shapes.MessageSerializer, **errors(409)})
    async def post(self, request: Request, message_id: uuid.UUID) -> HttpResponseBase:
        """Stop an answer that is being written, and return what was said; one that has ended stays as it is."""
        stopped = await runs.stopped(await _answer(request, message_id))
        return Response(shapes.MessageSerializer(stopped).data)


async def _where(user: User, conversation_id: uuid.UUID | None, client_id: str) -> tuple[uuid.UUID, Callable[..., Any]]:
    """Return the conversation to ask in, and how. Raises ConversationNotFound before anything is done."""
    if conversation_id is None:
        return exchanges.first_conversation_id(by=user, client_id=client_id), exchanges.ask_first
    await database_sync_to_async(access.get_writable_conversation)(user=user, conversation_id=conversation_id)
    return conversation_id, exchanges.ask


async def _answer(request: Request, message_id: uuid.UUID) -> Any:
    door = database_sync_to_async(access.get_writable_answer)
    return await door(user=signed_in(request), message_id=message_id)


def _client_id(request: Request, body: dict[str, Any]) -> str:
    """Return the id that makes a resend harmless: the body's, the header's, or a new one. Raises NotValid, Conflict."""
    header, ours = request.headers.get(KEY), body.get("client_id", "")
    if header is not None and not (0 < len(header) <= CLIENT_ID_LIMIT and header.isprintable()):
        raise NotValid(f"The header {KEY} must be printable text of 1 to {CLIENT_ID_LIMIT} characters.", field=KEY)
    if header and ours and header != ours:
        raise Conflict(f"`client_id` and the header {KEY} differ. Send one of them.", field="client_id")
    return ours or header or uuid.uuid4().hex


def _sign_in_of(request: Request) -> SignIn | None:
    return request.auth.sign_in if isinstance(request.auth, Bearer) else getattr(request, "sign_in", None)


async def _is_signed_in(sign_in: SignIn | None) -> bool:
    """Tell whether the sign-in that a stream began under still stands, and its browser is not locked."""
    if sign_in is None:
        return False
    return await database_sync_to_async(still_open)(sign_in.pk, now=timezone.now()) is not None
