"""What the OpenAPI document says beyond what drf-spectacular sees: the envelope, and the errors of every operation."""

from __future__ import annotations

import inspect
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import CharField

from voiceassist.core.api.envelope import API_VERSION
from voiceassist.core.api.serializers import Strict, StrictModel
from voiceassist.core.errors import ErrorCode

JSON = "application/json"
_MEANINGS = {
    "400": "Something that was sent is not valid, or the account does not allow it.",
    "401": "Nobody is signed in, or not any more; `error.code` says which.",
    "403": "The user's role may not do this.",
    "404": "There is no such object, or it is not the user's to see.",
    "409": "What was asked for does not go together with what is stored.",
    "413": "More was sent than this address takes.",
    "415": "The content type is not taken here.",
    "422": "The file cannot be used as it is; the message says why.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "503": "A part of the service cannot be reached at the moment.",
}


def errors(*statuses: int) -> dict[int, Any]:
    """Return the responses of errors that an operation has beyond the usual: `responses={200: X, **errors(409)}`."""
    return {status: {"x-error": True} for status in statuses}


class EnvelopeSchema(AutoSchema):
    """Describe each JSON answer inside its envelope."""

    def _get_response_for_code(
        self, serializer: Any, status_code: str, media_types: Any = None, direction: str = "response"
    ) -> Any:
        if isinstance(serializer, dict) and "x-error" in serializer:
            return _failure(status_code)
        response = super()._get_response_for_code(  # type: ignore[no-untyped-call]
            serializer, status_code, media_types, direction
        )
        content = response.get("content", {})
        if JSON in content:
            is_page = self._is_list_view(serializer) and self._get_paginator()  # type: ignore[no-untyped-call]
            content[JSON]["schema"] = _success(content[JSON]["schema"], is_page=bool(is_page))
        return response

    def _map_serializer_field(self, field: Any, direction: str, bypass_extensions: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Say of a text that may not be blank that something must stand in it, blanks apart."""
        described = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if direction == "request" and _must_say_something(field) and not {"pattern", "format", "enum"} & set(described):
            described["pattern"] = r"[^\s\u001c-\u001f]"
        return described


def _must_say_something(field: Any) -> bool:
    return isinstance(field, CharField) and field.trim_whitespace and not field.allow_blank


def add_shared_parts(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the envelope's components, and to every operation the errors that any of its kind may give."""
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for shape in schemas.values():
        if shape.get("description") in _INHERITED:
            del shape["description"]  # of a base class, for programmers
    schemas.update(_COMPONENTS)
    components["responses"] = {
        f"Error{status}": {
            "description": meaning,
            "headers": _headers(status),
            "content": {JSON: {"schema": {"$ref": "#/components/schemas/Failure"}}},
        }
        for status, meaning in _MEANINGS.items()
    }
    for path, operations in result["paths"].items():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                _add_errors(operation, has_path_parameter="{" in path)
    return result


def _add_errors(operation: dict[str, Any], *, has_path_parameter: bool) -> None:
    usual = {"429", "503"}
    is_secured = operation.get("security") != [] and {} not in operation.get("security", [])
    if is_secured:
        usual |= {"401", "403"}
    if has_path_parameter:
        usual.add("404")
    if operation.get("parameters") or "requestBody" in operation:
        usual.add("400")
    if "requestBody" in operation:
        usual |= {"413", "415"}
    for status in sorted(usual - set(operation["responses"])):
        operation["responses"][status] = _failure(status)


def _failure(status: str) -> dict[str, Any]:
    return {"$ref": f"#/components/responses/Error{status}"}


def _headers(status: str) -> dict[str, Any]:
    if status != "429":
        return {}
    return {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}, "required": False}}


def _success(data: dict[str, Any], *, is_page: bool) -> dict[str, Any]:
    metadata = "PageMetadata" if is_page else "Metadata"
    return {
        "type": "object",
        "required": ["success", "data", "error", "metadata", "timestamp"],
        "properties": {
            "success": {"const": True},
            "data": data,
            "error": {"type": "null"},
            "metadata": {"$ref": f"#/components/schemas/{metadata}"},
            "timestamp": {"type": "string", "format": "date-time"},
        },
    }


_INHERITED = {inspect.getdoc(Strict), inspect.getdoc(StrictModel)}
_REQUEST_ID = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}
_COMPONENTS: dict[str, Any] = {
    "Metadata": {
        "type": "object",
        "required": ["version", "request_id"],
        "properties": {"version": {"const": API_VERSION}, "request_id": _REQUEST_ID},
    },
    "PageMetadata": {
        "type": "object",
        "required": ["version", "request_id", "pagination"],
        "properties": {
            "version": {"const": API_VERSION},
            "request_id": _REQUEST_ID,
            "pagination": {
                "type": "object",
                "required": ["limit", "offset", "total"],
                "properties": {name: {"type": "integer", "minimum": 0} for name in ("limit", "offset", "total")},
            },
        },
    },
    "Failure": {
        "type": "object",
        "required": ["success", "data", "error", "metadata", "timestamp"],
        "properties": {
            "success": {"const": False},
            "data": {"type": "null"},
            "error": {
                "type": "object",
                "required": ["code", "message", "details", "field"],
                "properties": {
                    "code": {"type": "string", "enum": [code.value for code in ErrorCode]},
                    "message": {"type": "string"},
                    "details": {},
                    "field": {"type": ["string", "null"]},
                },
            },
            "metadata": {"$ref": "#/components/schemas/Metadata"},
            "timestamp": {"type": "string", "format": "date-time"},
        },
    },
}
