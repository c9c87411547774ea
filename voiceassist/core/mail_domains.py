"""Mail domains as they are compared: lower case, in the ASCII form of IDNA."""

from __future__ import annotations

import re

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?!\d+$){_LABEL}")
LONGEST = 253  # characters, RFC 1035


def normal_domain(text: str) -> str:
    """Return the form that is compared: `Klinik-Süd.example` is `xn--klinik-sd-x9a.example`. Raises ValueError."""
    name = text.strip().removeprefix("@").removesuffix(".").lower()
    try:
        ascii_name = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_name = ""
    if len(ascii_name) > LONGEST or not _DOMAIN.fullmatch(ascii_name):
        raise ValueError(f"“{text[:80]}” is no mail domain. Write it as in clinic.example.")
    return ascii_name


def domain_of(address: str) -> str:
    """Return the domain of an e-mail address, in the form that is compared. Raises ValueError."""
    return normal_domain(address.rpartition("@")[2])
