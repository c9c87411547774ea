from __future__ import annotations

from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny


@extend_schema(exclude=True)
class SchemaView(SpectacularAPIView):
    """The OpenAPI document itself, outside any envelope."""

    renderer_classes = [OpenApiJsonRenderer]
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []


@extend_schema(exclude=True)
class DocsView(SpectacularSwaggerSplitView):
    """The same, to browse and to try; scripts come from this server."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
