"""A user's conversations and what was said in them."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from conversations import access
from conversations.api import serializers as shapes
from conversations.models import Conversation, Message
from conversations.queries import conversations_of, current_thread, thread_rows, with_summaries
from conversations.services import conversations, exchanges, payloads, recovery
from voiceassist.accounts.api.permissions import signed_in
from voiceassist.core.api.schema import errors
from voiceassist.core.api.serializers import asked, given
from voiceassist.core.api.throttling import limit


class ConversationViewSet(GenericViewSet[Conversation]):
    """The user's own conversations."""

    serializer_class = shapes.ConversationSerializer
    throttle_classes = [limit("api", by_user=True)]
    queryset = Conversation.objects.none()  # for the schema; the doors and queries know the user
    lookup_url_kwarg = "conversation_id"

    @extend_schema(operation_id="conversations_list", parameters=[shapes.ConversationFilter])
    def list(self, request: Request) -> Response:
        """List the user's conversations, the one used last first."""
        rows = with_summaries(conversations_of(signed_in(request), **asked(shapes.ConversationFilter, request)))
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(
        operation_id="conversations_create",
        request=shapes.NewConversationSerializer,
        responses={201: shapes.ConversationSerializer},
    )
    def create(self, request: Request) -> Response:
        """Begin a conversation."""
        body = given(shapes.NewConversationSerializer, request)
        made = conversations.create_conversation(by=signed_in(request), **body)
        return self._one(request, made.pk, status=201)

    @extend_schema(operation_id="conversations_get", responses=shapes.ConversationDetailSerializer)
    def retrieve(self, request: Request, conversation_id: uuid.UUID) -> Response:
        """Return a conversation with the messages of its current branch."""
        found = access.get_summarised_conversation(user=signed_in(request), conversation_id=conversation_id)
        recovery.close_dead_answers(conversation_id=found.pk)
        messages = [payloads.message_payload(message) for message in current_thread(found)]
        listed = shapes.MessageSerializer(messages, many=True).data
        return Response({**self.get_serializer(found).data, "messages": listed})

    @extend_schema(
        operation_id="conversations_update",
        request=shapes.ConversationChangeSerializer,
        responses=shapes.ConversationSerializer,
    )
    def update(self, request: Request, conversation_id: uuid.UUID) -> Response:
        """Change a conversation; what is left out stays as it is."""
        body = given(shapes.ConversationChangeSerializer, request)
        if body:
            conversations.rename_conversation(by=signed_in(request), conversation_id=conversation_id, **body)
        return self._one(request, conversation_id)

    @extend_schema(
        operation_id="conversations_patch",
        request=shapes.ConversationChangeSerializer,
        responses=shapes.ConversationSerializer,
    )
    def partial_update(self, request: Request, conversation_id: uuid.UUID) -> Response:
        """Change a conversation; what is left out stays as it is."""
        return self.update(request, conversation_id)

    @extend_schema(operation_id="conversations_delete", responses={204: None})
    def destroy(self, request: Request, conversation_id: uuid.UUID) -> Response:
        """Delete a conversation with all that was said in it. An answer that is being written ends."""
        conversations.delete_conversation(by=signed_in(request), conversation_id=conversation_id)
        return Response(status=204)

    def _one(self, request: Request, conversation_id: uuid.UUID, *, status: int = 200) -> Response:
        found = access.get_summarised_conversation(user=signed_in(request), conversation_id=conversation_id)
        return Response(self.get_serializer(found).data, status=status)


class MessagesView(GenericAPIView[Message]):
    """The messages of one conversation."""

    serializer_class = shapes.MessageSerializer
    throttle_classes = [limit("api", by_user=True)]
    queryset = Message.objects.none()

    @extend_schema(operation_id="messages_list", responses=shapes.MessageSerializer(many=True))
    def get(self, request: Request, conversation_id: uuid.UUID) -> Response:
        """List the messages of the current branch, in order."""
        found = access.get_readable_conversation(user=signed_in(request), conversation_id=conversation_id)
        recovery.close_dead_answers(conversation_id=found.pk)
        page = self.paginate_queryset(thread_rows(found)) or []
        listed = [payloads.message_payload(message) for message in page]
        return self.get_paginated_response(shapes.MessageSerializer(listed, many=True).data)

    @extend_schema(
        operation_id="messages_create",
        request=shapes.NewMessageSerializer,
        responses={201: shapes.MessageSerializer, **errors(409)},
    )
    def post(self, request: Request, conversation_id: uuid.UUID) -> Response:
        """Store a message without answering it; `POST chat` answers."""
        body = given(shapes.NewMessageSerializer, request)
        stored = exchanges.store_question(
            by=signed_in(request),
            conversation_id=conversation_id,
            content=body["content"],
            client_id=body.get("client_id", ""),
            parent_id=body.get("parent_id"),
        )
        return Response(shapes.MessageSerializer(payloads.message_payload(stored)).data, status=201)
