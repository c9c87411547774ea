"""Telling open sockets, in whatever process, that a sign-in has ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

import structlog
from django.db import transaction

from voiceassist.core.groups import tell

ENDED = "sign_in.ended"
logger = structlog.get_logger(__name__)


def group_of(user_id: uuid.UUID) -> str:
    """Name the channel-layer group of a user's open sockets."""
    return f"signed-in.{user_id}"


def publish_ended(*, user_id: uuid.UUID, sign_in_ids: Iterable[uuid.UUID]) -> None:
    """Tell after commit. When Redis is down the sockets find out by themselves, within seconds."""
    message = {"type": ENDED, "sign_ins": [str(pk) for pk in sign_in_ids]}
    transaction.on_commit(lambda: _send(group_of(user_id), message), robust=True)


def _send(group: str, message: Mapping[str, object]) -> None:
    try:
        tell(group, message)
    except Exception as error:  # noqa: BLE001 (redis, time-outs, sockets: the sign-in has ended all the same)
        logger.warning("sign_in_end_not_published", error=type(error).__name__)
