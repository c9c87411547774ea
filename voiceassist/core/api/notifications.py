"""The lines under the user's bell."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.core.access import get_own_notification
from voiceassist.core.api.serializers import Strict
from voiceassist.core.api.throttling import limit
from voiceassist.core.models import Notification
from voiceassist.core.notifications import mark_all_read, mark_read
from voiceassist.core.queries import notifications_of


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """One line under the bell. `job` is the id of the job it tells of, if any."""

    class Meta:
        model = Notification
        fields = ["id", "kind", "title", "text", "url", "job", "created_at", "read_at"]
        read_only_fields = fields


class NotificationFilter(Strict):
    """Which of them to list."""

    unread = serializers.ChoiceField(
        choices=["true", "false"], required=False, help_text="Only those not read yet, or only those read."
    )


class MarkedSerializer(Strict):
    """How many lines were new until now."""

    marked = serializers.IntegerField(min_value=0)


class NotificationsView(ListAPIView[Notification]):
    """The user's notifications, newest first."""

    serializer_class = NotificationSerializer
    throttle_classes = [limit("api", by_user=True)]
    queryset = Notification.objects.none()  # for the schema; `get_queryset` knows the user

    @extend_schema(operation_id="notifications_list", parameters=[NotificationFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List the user's notifications. With `unread=true`, `total` is the number on the bell."""
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Notification]:
        """Return the user's notifications that the filter lets through. Raises ValidationError."""
        chosen = NotificationFilter(data=self.request.query_params.dict())
        chosen.is_valid(raise_exception=True)
        rows = notifications_of(cast("uuid.UUID", self.request.user.pk))
        unread = chosen.validated_data.get("unread")
        return rows if unread is None else rows.filter(read_at__isnull=unread == "true")


class ReadNotificationView(APIView):
    """Reading one."""

    throttle_classes = [limit("api", by_user=True)]

    @extend_schema(operation_id="notifications_read", request=None, responses=NotificationSerializer)
    def post(self, request: Request, notification_id: uuid.UUID) -> Response:
        """Note that a notification was read; the first time counts."""
        user_id = cast("uuid.UUID", request.user.pk)
        notification = get_own_notification(user_id=user_id, notification_id=notification_id)
        mark_read(notification)
        return Response(NotificationSerializer(notification).data)


class ReadAllNotificationsView(APIView):
    """Reading all of them."""

    throttle_classes = [limit("api", by_user=True)]

    @extend_schema(operation_id="notifications_read_all", request=None, responses=MarkedSerializer)
    def post(self, request: Request) -> Response:
        """Note that the user has read every notification."""
        marked = mark_all_read(user_id=cast("uuid.UUID", request.user.pk))
        return Response(MarkedSerializer({"marked": marked}).data)
