"""What is known of the program at the other end: its address, what it calls itself, a device known from before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from voiceassist.core.client_address import address_of

_BROWSERS = [("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari")]
_SYSTEMS = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
]


@dataclass(frozen=True, slots=True)
class Client:
    """`address` may be ""; `agent` is at most 200 printable characters; `device` is "" for an unknown device."""

    address: str = ""
    agent: str = ""
    device: str = ""

    @classmethod
    def of(cls, request: Any, *, device: str = "") -> Client:
        """Describe who sent a request."""
        agent = re.sub(r"[^\x20-\x7e]", "", request.META.get("HTTP_USER_AGENT", ""))[:200]
        return cls(address=address_of(request), agent=agent, device=device)


def agent_name(agent: str) -> str:
    """Name browser and system for a list on screen, or the program's own first word."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or agent.partition("/")[0][:40] or "Unknown program"
