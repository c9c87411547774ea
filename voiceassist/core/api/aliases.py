"""One address for each route: earlier clients' addresses are rewritten before routing."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

BASE = "/api/v1/"
AT_ROOT = frozenset({"auth", "users", "voice", "soap", "rag", "ner", "pii", "embeddings", "models"})
RENAMED = {"sessions": "conversations", "openapi.json": "schema"}


class ApiAliasMiddleware:
    """Take `/api/x`, `/x` (for a few areas), `sessions` and a trailing slash for what they stand for, no redirect."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = canonical(request.path_info)
        if path != request.path_info:
            prefix = request.path[: len(request.path) - len(request.path_info)]
            request.path_info = request.META["PATH_INFO"] = path
            request.path = prefix + path
        return self.get_response(request)


def canonical(path: str) -> str:
    """Return the address of an API route as the URL patterns have it; any other path as it is."""
    if path.rstrip("/") == "/docs":
        return f"{BASE}docs"
    parts = path.strip("/").split("/")
    if parts[0] == "api":
        parts = parts[2:] if parts[1:2] == ["v1"] else parts[1:]
    elif parts[0] not in AT_ROOT:
        return path
    if not parts:
        return BASE
    return BASE + "/".join([RENAMED.get(parts[0], parts[0]), *parts[1:]])


def is_api(path: str) -> bool:
    """Tell whether a path, rewritten or not, belongs to the API."""
    return canonical(path).startswith(BASE)
