"""The open answer on its way to the reader: text, citations and timing, kept in step with what is stored."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from channels.db import database_sync_to_async

from conversations import metrics
from conversations.events import Cited, Delta, Done, Event, Failed, Stage
from conversations.models import Citation, MessageStatus
from conversations.services import answers, payloads
from knowledge.queries import FoundPassage

SAVE_EVERY = 1.0  # seconds


@dataclass(slots=True)
class Draft:
    """One answer. `text` is exactly what was yielded as deltas; what is stored follows it."""

    answer_id: uuid.UUID
    text: str = ""
    status: MessageStatus = MessageStatus.COMPLETE
    is_generated: bool = False
    passages: dict[int, FoundPassage] = field(default_factory=dict)
    citations: dict[int, Citation] = field(default_factory=dict)
    support: list[list[Any]] = field(default_factory=list)
    timing: dict[str, int] = field(default_factory=dict)
    _began: float = field(default_factory=time.perf_counter)
    _saved: float = 0.0

    def stage(self, words: str) -> Stage:
        return Stage(str(self.answer_id), words)

    def clock(self, stage: str, began: float) -> None:
        """Note how long a stage took since `began`, a `time.perf_counter` value."""
        self.timing[stage] = round((time.perf_counter() - began) * 1000)

    async def cite(self, passage: FoundPassage, span: tuple[int, int] | None = None) -> Cited:
        """Store the next citation, of a span of the passage or of all of it."""
        number = len(self.citations) + 1
        citation = await database_sync_to_async(answers.add_citation)(
            answer_id=self.answer_id, number=number, passage=passage, span=span or (0, len(passage.text))
        )
        self.passages[number], self.citations[number] = passage, citation
        return Cited(str(self.answer_id), n=number, citation=payloads.citation_payload(citation))

    async def say(self, text: str) -> AsyncGenerator[Event, None]:
        """Yield text as a delta, and store it about once a second."""
        if not text:
            return
        if not self.text:
            metrics.STAGE_SECONDS.labels("first_token").observe(time.perf_counter() - self._began)
        self.text += text
        yield Delta(str(self.answer_id), text)
        now = asyncio.get_running_loop().time()
        if now - self._saved > SAVE_EVERY:
            self._saved = now
            await database_sync_to_async(answers.save_partial)(answer_id=self.answer_id, content=self.text)

    async def narrow(self, spans: dict[int, tuple[int, int]]) -> None:
        """Point citations at the sentences that carry them."""
        for number, span in spans.items():
            await database_sync_to_async(answers.narrow_citation)(
                citation=self.citations[number], passage=self.passages[number], span=span
            )

    async def close(self, error: str = "") -> Done | Failed:
        """Store the end, once, even when the task is being cancelled; return the last event."""
        self.clock("total", self._began)
        metrics.count_answer(outcome=self.status, timing=self.timing)
        return await asyncio.shield(asyncio.ensure_future(self._close(error)))

    async def _close(self, error: str) -> Done | Failed:
        answer = await database_sync_to_async(answers.finish)(
            answer_id=self.answer_id,
            status=self.status,
            content=self.text,
            error=error,
            support=self.support,
            timing=self.timing,
        )
        return payloads.ending(answer)
