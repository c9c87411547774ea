from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from voiceassist.core.errors import NotValid
from voiceassist.core.plain_text import UNUSABLE

_ESCAPED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")  # how UTF-8 JSON spells a NUL, or half of a surrogate pair
_REFUSAL = "Some text holds a NUL, or half of a surrogate pair. Send whole characters."


class BoundedJSONParser(JSONParser):
    """JSON as deep as Python's own parser goes; beyond that it is not understood, rather than a fault of ours.

    What no column of PostgreSQL and no answer in UTF-8 can hold is refused here, once for every field there is.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read a body. Raises ParseError, NotValid."""
        raw = stream.read()
        try:
            data = super().parse(io.BytesIO(raw), media_type, parser_context)
        except RecursionError:
            raise ParseError from None
        if _ESCAPED.search(raw):  # else there is nothing to find, in whatever is allowed as a charset
            _check_text(data)
        return data


def _check_text(data: Any) -> None:
    """Look at keys and values at any depth. Raises NotValid, with the field of the body that is at fault."""
    if not isinstance(data, dict):
        if not _is_usable(data):
            raise NotValid(_REFUSAL)
        return
    for key, value in data.items():
        if UNUSABLE.search(key):
            raise NotValid(_REFUSAL)
        if not _is_usable(value):
            raise NotValid(field=key, details={key: [_REFUSAL]})


def _is_usable(data: Any) -> bool:
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and UNUSABLE.search(one):
            return False
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
    return True
