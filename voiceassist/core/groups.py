"""Groups of the channel layer: telling their members something, in whatever process they are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

TELL_WITHIN = 2.0  # seconds; a Redis that takes connections and does not answer must not hold up the work


def tell(group: str, message: Mapping[str, Any]) -> None:
    """Send a message to whoever is in a group. Raises TimeoutError, and whatever Redis has to say."""
    async_to_sync(_tell)(group, message)


async def _tell(group: str, message: Mapping[str, Any]) -> None:
    async with asyncio.timeout(TELL_WITHIN):
        await get_channel_layer().group_send(group, message)
