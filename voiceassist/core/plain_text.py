"""Text that can be stored and sent again: PostgreSQL takes no NUL, and UTF-8 no half of a surrogate pair.

The bodies of the API are checked by its parser, those of forms by their fields; addresses and charsets are here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls.converters import StringConverter

from voiceassist.core.errors import DomainError, NotFound, NotValid
from voiceassist.core.middleware import refusal_response

UNUSABLE = re.compile("[\0\ud800-\udfff]")
CHARSETS = frozenset({"utf-8", "ascii", "iso8859-1"})  # others, such as UTF-7, can spell what these cannot
_NUL = re.compile("%00|\0")


class CharsetNotTaken(DomainError):
    http_status = 415
    user_message = "This charset is not taken here. Send UTF-8."


class NameConverter(StringConverter):
    """A name that somebody gave to a thing, in an address: `<name:name>`."""

    regex = r"[a-z][a-z0-9_.-]{0,99}"


class PlainTextMiddleware:
    """Refuse addresses with a NUL and charsets that can spell one; it stands above whatever reads parameters.

    It looks once the view is known, so that its refusals pass through every middleware, as a view's answers do.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """Answer what no view can."""
        error = _fault_of(request)
        return None if error is None else refusal_response(error, request=request)


def _fault_of(request: HttpRequest) -> DomainError | None:
    if request.encoding is not None and codecs.lookup(request.encoding).name not in CHARSETS:
        return CharsetNotTaken()
    if UNUSABLE.search(request.path_info):
        return NotFound("This address does not exist.")
    if _NUL.search(request.META.get("QUERY_STRING", "")):
        return NotValid("This address holds a NUL, which is no text.", field=_parameter_with_nul(request))
    return None


def _parameter_with_nul(request: HttpRequest) -> str | None:
    names = (name for name, values in request.GET.lists() if "\0" not in name and any("\0" in one for one in values))
    return next(names, None)
