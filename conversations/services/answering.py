"""One question, end to end: gather, retrieve, judge, route, draft, verify, persist."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from channels.db import database_sync_to_async

from conversations.events import Event
from conversations.models import MessageStatus
from conversations.services import answers, judging, retrieval
from conversations.services.drafting import Draft
from conversations.services.gathering import Gathered, gather
from conversations.services.generating import NothingInPassages, for_prompt, generate
from conversations.services.quoting import abstain, quote
from conversations.services.recovery import INTERRUPTED
from knowledge.queries import SearchResult
from voiceassist.ai import gateway, routing
from voiceassist.ai.errors import ModelUnavailable
from voiceassist.ai.routing import Route
from voiceassist.evidence.extractive import Abstention, Quotation

UNEXPECTED = (
    "Something went wrong on this server while it wrote the answer. Your question is kept, and so is "
    "anything already written. Choose Regenerate to try again."
)

logger = structlog.get_logger(__name__)


async def answer(*, answer_id: uuid.UUID, stop: asyncio.Event) -> AsyncGenerator[Event, None]:
    """Write an open answer, and yield what happens; the last event is Done or Failed.

    Setting `stop` ends it as stopped. Whatever ends it, what was yielded as text is stored.
    """
    draft, error = Draft(answer_id), ""
    try:
        async with aclosing(_pipeline(draft, stop)) as events:
            async for event in events:
                yield event
    except ModelUnavailable as failure:
        draft.status, error = MessageStatus.FAILED, failure.user_message
    except Exception as failure:  # noqa: BLE001  (whatever it is, the reader is told and the text kept)
        logger.error("answer_failed", error=type(failure).__name__)  # noqa: TRY400  (a traceback may quote text)
        draft.status, error = MessageStatus.FAILED, UNEXPECTED
    except BaseException:
        draft.status = MessageStatus.INTERRUPTED
        await draft.close(INTERRUPTED)
        raise
    if draft.is_generated and draft.text:
        yield draft.stage("checking")
        await _verify(draft)
    yield await draft.close(error)


async def _pipeline(draft: Draft, stop: asyncio.Event) -> AsyncGenerator[Event, None]:
    """Find passages, decide whether they answer, and say so; set the draft's status."""
    gathered = await database_sync_to_async(gather)(draft.answer_id)
    yield draft.stage("searching")
    found = await retrieval.search(gathered.sought)
    draft.timing |= {"embed": round(found.embed_ms), "search": round(found.search_ms)}
    yield draft.stage(f"reading {len(found.passages)} passages")
    outcome = await asyncio.to_thread(judging.judge, gathered.sought, found)
    if stop.is_set():
        draft.status = MessageStatus.STOPPED
        return
    async with aclosing(_draft(draft, gathered, found, outcome, stop)) as events:
        async for event in events:
            yield event


async def _draft(
    draft: Draft,
    gathered: Gathered,
    found: SearchResult,
    outcome: Quotation | Abstention,
    stop: asyncio.Event,
) -> AsyncGenerator[Event, None]:
    """Choose who answers, and pass on what it says."""
    if isinstance(outcome, Abstention):
        async for event in abstain(draft, found.passages, outcome.nearest):
            yield event
        return
    route = routing.choose()
    model = gateway.model_name() if route is Route.LOCAL else ""
    await database_sync_to_async(answers.set_route)(answer_id=draft.answer_id, route=route, model=model)
    yield draft.stage("writing")
    if route is Route.EXTRACTIVE:
        async for event in quote(draft, found.passages, outcome):
            yield event
        return
    try:
        async with aclosing(generate(draft, gathered, for_prompt(found.passages, outcome), stop)) as events:
            async for event in events:
                yield event
    except NothingInPassages:
        async for event in abstain(draft, found.passages, range(len(found.passages))):
            yield event


async def _verify(draft: Draft) -> None:
    """Mark each sentence, and narrow each citation to the sentence that carries it.

    An answer that cannot be checked stays without marks; it is not lost for that.
    """
    began = time.perf_counter()
    try:
        verdict = await judging.check(draft.text, draft.passages)
        draft.support = verdict.support
        await draft.narrow(verdict.spans)
    except Exception as failure:  # noqa: BLE001  (see above)
        logger.error("answer_not_checked", error=type(failure).__name__)  # noqa: TRY400
    draft.clock("verify", began)
