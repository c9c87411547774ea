"""Until a privacy gate masks what is sent, a model may only run on this machine."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_HOW = (
    "Until the privacy gate is built, questions may only go to a model on this machine. "
    "Set OPENAI_BASE_URL to an address on localhost, 127.0.0.0/8 or [::1], such as http://127.0.0.1:8080/v1, "
    "or unset OPENAI_BASE_URL and OPENAI_API_KEY to answer with quotations only."
)
_UNPLAIN = re.compile(r"[\s\\@%\x00-\x20\x7f-\uffff]")  # what one parser may read differently from another


def check_model_settings() -> None:
    """Refuse settings under which a question could leave this machine. Raises ImproperlyConfigured."""
    if settings.OPENAI_BASE_URL:
        check_endpoint(settings.OPENAI_BASE_URL)
    elif settings.OPENAI_API_KEY:
        message = f"OPENAI_API_KEY is set without OPENAI_BASE_URL, which means the vendor's cloud. {_HOW}"
        raise ImproperlyConfigured(message)


def check_endpoint(url: str) -> None:
    """Refuse a model endpoint that is not on loopback. Raises ImproperlyConfigured, not naming the URL."""
    if not is_loopback_endpoint(url):
        raise ImproperlyConfigured(f"OPENAI_BASE_URL does not name an address of this machine. {_HOW}")


def is_loopback_endpoint(url: str) -> bool:
    """Tell whether the URL is http(s) to localhost, 127.0.0.0/8 or ::1, read the same by every parser."""
    if _UNPLAIN.search(url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and is_loopback_host(parts.hostname or "")


def is_loopback_host(host: str) -> bool:
    """Tell whether the host is the literal localhost or a loopback address in full notation."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
