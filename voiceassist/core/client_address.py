"""Where a request comes from: the peer's address, or what a trusted proxy says of it."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(peer: str, forwarded_for: str) -> str:
    """Return the nearest address that is not a proxy of TRUSTED_PROXIES; "" when the peer is no address.

    `X-Forwarded-For` is read from the right, where our own proxies write, and only from a trusted peer: what stands
    further left was written by whoever asked.
    """
    address = _parsed(peer)
    trusted = [ipaddress.ip_network(entry, strict=False) for entry in settings.TRUSTED_PROXIES]
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    while address is not None and hops and any(address in network for network in trusted):
        nearer = _parsed(hops.pop())
        if nearer is None:
            break
        address = nearer
    return str(address) if address is not None else ""


def address_of(request: Any) -> str:
    """Return the client's address of a Django or API request."""
    return client_address(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
