"""Which addresses only this machine reaches."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_UNPLAIN = re.compile(r"[\s\\@%\x00-\x20\x7f-\uffff]")  # what one parser may read differently from another
_NETLOC = re.compile(r"(?:localhost|[0-9.]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)


def is_loopback_url(url: str) -> bool:
    """Tell whether the URL is http(s) to localhost, 127.0.0.0/8 or ::1, read the same by every parser."""
    if _UNPLAIN.search(url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = parts.scheme in {"http", "https"} and _NETLOC.fullmatch(parts.netloc) is not None
    return plain and is_loopback_host(parts.hostname or "")


def is_loopback_host(host: str) -> bool:
    """Tell whether the host is the literal localhost or a loopback address in full notation."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
