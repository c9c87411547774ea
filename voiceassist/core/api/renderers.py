from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from voiceassist.core.api.envelope import failure, success


class EnvelopeRenderer(JSONRenderer):
    """JSON inside the envelope. A 204 has no body."""

    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Wrap what the view, or the exception handler, returned."""
        context = renderer_context or {}
        response, request = context.get("response"), context.get("request")
        if response is None or response.status_code == 204:
            return b""
        if response.exception:
            body = failure(data, request=request)
        else:
            body = success(data, request=request, pagination=getattr(response, "pagination", None))
        try:
            return super().render(body, accepted_media_type, renderer_context)
        except UnicodeEncodeError as error:  # half of a surrogate pair that came by another way than the parser
            return error.object.encode(errors="replace")


class AlwaysJson(BaseContentNegotiation):
    """Answer JSON whatever is asked for: an error in a form that the client did not expect beats a 406."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Take the parser of the body's content type; none means 415."""
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, _request: Request, renderers: Any, _format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Take the view's first renderer."""
        return renderers[0], renderers[0].media_type
