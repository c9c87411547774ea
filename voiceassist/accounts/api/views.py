from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from voiceassist.accounts.api.permissions import SignedIn, signed_in
from voiceassist.accounts.api.serializers import UserSerializer


class MeView(APIView):
    """The signed-in user."""

    permission_classes = [SignedIn]

    @extend_schema(responses=UserSerializer)
    def get(self, request: Request) -> Response:
        """Return who is signed in."""
        return Response(UserSerializer(signed_in(request)).data)
