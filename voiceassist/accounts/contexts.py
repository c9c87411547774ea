"""Page data of accounts as plain values, and what every page knows of the reader's choices."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from voiceassist.accounts import access
from voiceassist.accounts.client import agent_name
from voiceassist.accounts.models import SignIn, SignInKind, Theme
from voiceassist.accounts.services.preferences import preferences_of


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the reader chose, as far as every page needs it; "" and 0 for somebody who is not signed in.

    `theme` is "" when it follows the system.
    """

    theme: str = ""
    time_zone: str = ""
    idle_minutes: int = 0


@dataclass(frozen=True, slots=True)
class SignInLine:
    """One place where the user is signed in."""

    id: uuid.UUID
    name: str
    is_program: bool
    address: str
    began_at: datetime
    last_seen_at: datetime
    is_current: bool
    is_locked: bool


def for_every_page(request: HttpRequest) -> dict[str, Any]:
    """Provide `chosen` to every template; nothing is read until one asks."""
    return {"chosen": SimpleLazyObject(lambda: chosen_of(request))}


def chosen_of(request: HttpRequest) -> Chosen:
    """Return what whoever is signed in chose."""
    sign_in: SignIn | None = getattr(request, "sign_in", None)
    if sign_in is None or not request.user.is_authenticated:
        return Chosen()
    preferences = preferences_of(request.user)
    return Chosen(
        theme="" if preferences.theme == Theme.SYSTEM else preferences.theme,
        time_zone="" if preferences._state.adding else preferences.time_zone,  # noqa: SLF001 (Django's documented API)
        idle_minutes=round(access.idle_limit(request.user).total_seconds() / 60),
    )


def sign_in_lines(rows: Iterable[SignIn], *, current: SignIn, now: datetime) -> list[SignInLine]:
    """Describe sign-ins of one user, the one of this page first."""
    left_alone_since = now - access.idle_limit(current.user)
    lines = [_line(row, current=current, left_alone_since=left_alone_since) for row in rows]
    return sorted(lines, key=lambda line: not line.is_current)


def _line(row: SignIn, *, current: SignIn, left_alone_since: datetime) -> SignInLine:
    return SignInLine(
        id=row.pk,
        name=agent_name(row.agent),
        is_program=row.kind == SignInKind.TOKEN,
        address=row.address or "",
        began_at=row.created_at,
        last_seen_at=row.last_seen_at,
        is_current=row.pk == current.pk,
        is_locked=row.kind == SignInKind.BROWSER and row.last_seen_at < left_alone_since,
    )


def qr_picture(svg: str) -> str:
    """Return a QR code as the address of a picture: inside the page it would be an image without a text."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
