"""The list of conversations, by day."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from django.urls import reverse
from django.utils import timezone

from conversations.models import Conversation

PAGE_SIZE = 40
UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class RailItem:
    title: str
    url: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class RailDay:
    name: str
    items: tuple[RailItem, ...]


@dataclass(frozen=True, slots=True)
class Rail:
    """One page of the list; `older_url` is "" on the last."""

    days: tuple[RailDay, ...]
    older_url: str


def rail(*, rows: Sequence[Conversation], offset: int = 0, opened: uuid.UUID | None = None) -> Rail:
    """Build the list from up to PAGE_SIZE + 1 rows, newest first; the one too many tells of more."""
    today = timezone.localdate()
    shown = rows[:PAGE_SIZE]
    groups = groupby(shown, key=lambda row: day_name(timezone.localdate(row.updated_at), today))
    days = tuple(RailDay(name, tuple(_item(row, opened) for row in group)) for name, group in groups)
    more = len(rows) > PAGE_SIZE
    return Rail(days, f"{reverse('conversation-list')}?offset={offset + PAGE_SIZE}" if more else "")


def _item(row: Conversation, opened: uuid.UUID | None) -> RailItem:
    return RailItem(row.title or UNTITLED, reverse("conversation", args=[row.pk]), row.pk == opened)


def day_name(day: date, today: date) -> str:
    """Name a day as seen from `today`, coarser the longer ago."""
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day > today - timedelta(days=7):
        return "Previous 7 days"
    return f"{day:%B %Y}"
