"""Where a request comes from: the peer's address, or what a trusted proxy says of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(peer: str, forwarded_for: str) -> str:
    """Return the nearest address that is not a proxy of TRUSTED_PROXIES; "" when the peer is no address.

    `X-Forwarded-For` is read from the right, where our own proxies write, and only from a trusted peer: what stands
    further left was written by whoever asked.
    """
    address = _parsed(peer)
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    while address is not None and hops and _is_of_ours(address):
        nearer = _parsed(hops.pop())
        if nearer is None:
            break
        address = nearer
    return str(address) if address is not None else ""


def address_of(request: Any) -> str:
    """Return the client's address of a Django or API request."""
    return client_address(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))


def is_trusted(peer: str) -> bool:
    """Tell whether the peer is one of our own proxies."""
    address = _parsed(peer)
    return address is not None and _is_of_ours(address)


def checked_proxies(entries: Sequence[str]) -> list[str]:
    """Return the entries of TRUSTED_PROXIES if each is an address or a network. Raises ImproperlyConfigured."""
    for entry in entries:
        try:
            network = ipaddress.ip_network(entry)
        except ValueError as error:
            raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}. Give addresses or networks of proxies.") from None
        if network.prefixlen == 0:
            raise ImproperlyConfigured(f"TRUSTED_PROXIES: {entry} is everybody. Name the proxies themselves.")
    return list(entries)


def _is_of_ours(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


@cache
def _networks(entries: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(entry) for entry in entries)


def network_of(address: str) -> str:
    """Return whom an address belongs to, for counting: of IPv6 the /64 that one subscriber has, else the address."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
