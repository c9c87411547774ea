from __future__ import annotations

import uuid

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.accounts.api import serializers as shapes
from voiceassist.accounts.api.permissions import IsAdministrator, signed_in
from voiceassist.accounts.queries import open_invitations
from voiceassist.accounts.services import invitations
from voiceassist.accounts.services.mailing import invitation_link
from voiceassist.core.api.pagination import Pages
from voiceassist.core.api.schema import errors
from voiceassist.core.api.serializers import given


class InvitationsView(APIView):
    permission_classes = [IsAdministrator]
    pagination_class = Pages

    @extend_schema(responses=shapes.InvitationSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List the invitations that can still be used."""
        pages = Pages()
        rows = pages.paginate_queryset(open_invitations(timezone.now()), request, view=self)
        return pages.get_paginated_response(shapes.InvitationSerializer(rows or [], many=True).data)

    @extend_schema(request=shapes.InviteSerializer, responses={201: shapes.InvitationWithLinkSerializer, **errors(409)})
    def post(self, request: Request) -> Response:
        """Invite an address; an earlier invitation of the same address is withdrawn."""
        body = given(shapes.InviteSerializer, request)
        invitation = invitations.invite(**body, by=signed_in(request), now=timezone.now())
        context = {"link": invitation_link(invitation)}
        return Response(shapes.InvitationWithLinkSerializer(invitation, context=context).data, status=201)


class InvitationView(APIView):
    permission_classes = [IsAdministrator]

    @extend_schema(responses={204: None})
    def delete(self, _request: Request, invitation_id: uuid.UUID) -> Response:
        """Withdraw an invitation."""
        invitations.withdraw(invitation_id=invitation_id, now=timezone.now())
        return Response(status=204)
