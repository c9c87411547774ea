"""The OpenAPI document, and pages to browse it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

CONTENT_TYPE = "application/vnd.oai.openapi+json"


@require_safe
def schema(_request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI document itself, outside any envelope."""
    return HttpResponse(_document(), content_type=CONTENT_TYPE)


@cache
def _document() -> bytes:
    """Make the document once: it is the same for everybody, and takes a second."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.dumps(made).encode()


@extend_schema(exclude=True)
class DocsView(SpectacularSwaggerSplitView):
    """The same, to browse and to try; scripts come from this server."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
