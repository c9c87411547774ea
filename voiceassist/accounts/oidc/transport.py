"""Requests to the provider: short, small, straight, and JSON objects only.

The libraries above are handed a finished `requests.Response` whose body is a JSON object; everything else is raised.
Corporate proxies (HTTPS_PROXY) and certificates (REQUESTS_CA_BUNDLE) are honoured as `requests` does.
"""

from __future__ import annotations

import io
import json
import time
from typing import Any

import requests
import urllib3

CONNECT, READ = 5, 10  # seconds
WHOLE = 20  # seconds for one answer, however it trickles
LARGEST = 256 * 1024  # bytes


class ProviderRefused(requests.RequestException):
    """An answer other than 200. `error` is the code of RFC 6749 (5.2) or RFC 6750, "" for none."""

    def __init__(self, status: int, error: str) -> None:
        self.status, self.error = status, error
        super().__init__(str(status))


class NotAnObject(requests.RequestException):
    """A body that is too large, or no JSON object."""


class ProviderSession(requests.Session):
    """A session that follows no redirect: tokens and secrets go to the address the provider named, nowhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = _as_given  # or else `requests` would put what it finds in ~/.netrc in place of our own header

    def request(self, method: str, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Ask once. Raises requests.RequestException, ProviderRefused, NotAnObject."""
        kwargs |= {"allow_redirects": False, "timeout": (CONNECT, READ), "stream": True}
        with super().request(method, url, *args, **kwargs) as response:
            body = _read(response)
        if response.status_code != requests.codes.ok:
            raise ProviderRefused(response.status_code, _error_of(body))
        if _object(body) is None:
            raise NotAnObject
        response.raw = io.BytesIO(body)
        response.headers["Content-Type"] = "application/json"
        return response


def _as_given(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read(response: requests.Response) -> bytes:
    deadline = time.monotonic() + WHOLE
    body = b""
    while piece := _piece(response):
        body += piece
        if len(body) > LARGEST:
            raise NotAnObject
        if time.monotonic() > deadline:
            raise requests.ReadTimeout
    return body


def _piece(response: requests.Response) -> bytes:
    """Read what has arrived. Raises requests.ConnectionError, as `requests` itself does for a whole body."""
    try:
        piece: bytes = response.raw.read1(16_384, decode_content=True)
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError from error
    return piece


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _error_of(body: bytes) -> str:
    error = (_object(body) or {}).get("error")
    return error if isinstance(error, str) else ""
