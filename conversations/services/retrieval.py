"""Passages that may answer a question."""

from __future__ import annotations

from channels.db import database_sync_to_async

from knowledge.queries import SearchResult, hybrid_search

PASSAGES = 10


async def search(question: str) -> SearchResult:
    """Search the library in a thread of its own, so that other answers go on."""
    find = database_sync_to_async(hybrid_search, thread_sensitive=False)
    found: SearchResult = await find(query=question, limit=PASSAGES)
    return found
