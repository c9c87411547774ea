"""Waiting for something that may be told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

T = TypeVar("T")


async def until(stop: asyncio.Event, pieces: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """Yield what `pieces` yields until it ends or `stop` is set, even while nothing comes; then close it."""
    stopping = asyncio.ensure_future(stop.wait())
    coming: asyncio.Future[T | None] | None = None
    try:
        while not stop.is_set():
            coming = asyncio.ensure_future(_next(pieces))
            await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                return
            piece = coming.result()
            if piece is None:
                return
            yield piece
    finally:
        stopping.cancel()
        await _cancelled(coming)
        await pieces.aclose()


async def _next(pieces: AsyncGenerator[T, None]) -> T | None:
    return await anext(pieces, None)


async def _cancelled(future: asyncio.Future[T | None] | None) -> None:
    if future is not None and not future.done():
        future.cancel()
        await asyncio.gather(future, return_exceptions=True)
