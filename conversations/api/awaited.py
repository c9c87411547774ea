"""API views that are awaited: a stream that is sent for minutes occupies no thread."""

from __future__ import annotations

import inspect
from typing import Any

from channels.db import database_sync_to_async
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView


class AwaitedView(APIView):
    """An APIView with `async def` handlers: who asks, whether they may and how often is checked in a thread.

    The thread's database connection is given back before the handler begins.
    """

    async def dispatch(  # type: ignore[override]  # Django awaits it, since the handlers are coroutines
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Do what APIView.dispatch does, in the same order."""
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            await database_sync_to_async(self.initial)(self.request, *args, **kwargs)
            response = await self._handled(self.request)
        except Exception as error:  # noqa: BLE001 (as in DRF: what is unexpected is raised again)
            response = self.handle_exception(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    async def _handled(self, request: Request) -> Any:
        method = (request.method or "").lower()
        known = method in self.http_method_names
        handler = getattr(self, method, self.http_method_not_allowed) if known else self.http_method_not_allowed
        response = handler(request, *self.args, **self.kwargs)
        return await response if inspect.isawaitable(response) else response
