"""Passages that may answer a question."""

from __future__ import annotations

import asyncio

from django.db import close_old_connections

from knowledge.queries import SearchResult, hybrid_search, with_page_texts
from voiceassist.evidence.lexicon import normalise

PASSAGES = 10


async def search(question: str) -> SearchResult:
    """Search the library in a thread of its own, so that other answers go on."""
    return await asyncio.to_thread(_search, question)


def _search(question: str) -> SearchResult:
    try:
        return with_page_texts(hybrid_search(query=normalise(question), limit=PASSAGES))
    finally:
        close_old_connections()
