from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

DEFAULT, LARGEST = 50, 200
FARTHEST = 1_000_000


class Pages(LimitOffsetPagination):
    """`limit` and `offset`; where the page stands is in `metadata.pagination`."""

    default_limit = DEFAULT
    max_limit = LARGEST

    def get_limit(self, request: Request) -> int:
        """Return `limit`. Raises ValidationError unless it is a number from 1 to 200."""
        return whole_number(request, "limit", default=DEFAULT, least=1, most=LARGEST)

    def get_offset(self, request: Request) -> int:
        """Return `offset`. Raises ValidationError unless it is a number from 0."""
        return whole_number(request, "offset", default=0, least=0, most=FARTHEST)

    def get_paginated_response(self, data: Any) -> Response:
        """Answer with the rows alone; the renderer takes the rest from `pagination`."""
        response = Response(data)
        pagination = {"limit": self.limit, "offset": self.offset, "total": self.count}
        response.pagination = pagination  # type: ignore[attr-defined]
        return response

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the rows alone; the envelope around them is added for every answer."""
        return schema

    def get_schema_operation_parameters(self, _view: Any) -> list[dict[str, Any]]:
        """Describe both parameters with their bounds."""
        return [
            _parameter("limit", "How many rows to return.", {"minimum": 1, "maximum": LARGEST, "default": DEFAULT}),
            _parameter("offset", "How many rows to skip.", {"minimum": 0, "maximum": FARTHEST, "default": 0}),
        ]


def whole_number(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    """Return a query parameter as a number within bounds. Raises ValidationError."""
    given = request.query_params.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 10 and least <= int(given) <= most):
        raise ValidationError({name: [f"Give a whole number from {least} to {most}."]})
    return int(given)


def _parameter(name: str, description: str, bounds: dict[str, int]) -> dict[str, Any]:
    schema = {"type": "integer", **bounds}
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
