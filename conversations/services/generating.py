"""Answers written by a model from numbered passages, with markers checked while they stream."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from conversations.events import Event
from conversations.models import MessageStatus
from conversations.services.drafting import Draft
from conversations.services.gathering import Gathered
from conversations.services.prompting import ABSENT, prompt
from conversations.services.stopping import until
from knowledge.queries import FoundPassage
from voiceassist.ai import gateway
from voiceassist.ai.errors import ModelUnavailable, Reason
from voiceassist.evidence.extractive import Quotation
from voiceassist.evidence.markers import MarkerFilter

PASSAGES = 6  # in a prompt


class NothingInPassages(Exception):
    """The model says that the passages do not answer the question. Nothing was shown."""


class AbsenceFilter:
    """Holds text back as long as it may still turn out to be just the words for "no answer"."""

    def __init__(self) -> None:
        self._held: str | None = ""

    def feed(self, text: str) -> str:
        """Take a piece; return what can be shown now. White space before the first word is dropped."""
        if self._held is None:
            return text
        self._held = (self._held + text).lstrip()
        if ABSENT.startswith(_words(self._held)):
            return ""
        text, self._held = self._held, None
        return text

    def finish(self) -> str:
        """Return what is still held. Raises NothingInPassages when it is the words for that."""
        held = self._held or ""
        if _words(held) == ABSENT:
            raise NothingInPassages
        return held


def for_prompt(passages: Sequence[FoundPassage], quotation: Quotation) -> list[FoundPassage]:
    """Choose the passages that a model is given: those that answer by themselves first, then the best found."""
    answering = [passages[sentence.passage_index] for sentence in quotation.sentences]
    chosen = {passage.passage_id: passage for passage in (*answering, *passages)}
    return list(chosen.values())[:PASSAGES]


async def generate(
    draft: Draft, gathered: Gathered, passages: Sequence[FoundPassage], stop: asyncio.Event
) -> AsyncGenerator[Event, None]:
    """Stream an answer from the given passages.

    Raises ModelUnavailable, also for an empty answer; NothingInPassages.
    """
    markers, absence = MarkerFilter(len(passages)), AbsenceFilter()
    draft.is_generated = True
    pieces = gateway.stream_chat(messages=prompt(gathered, passages))
    async with aclosing(until(stop, _clocked(draft, pieces))) as shown:
        async for piece in shown:
            async for event in _show(draft, markers.feed(absence.feed(piece)), markers, passages):
                yield event
    if stop.is_set():
        draft.status = MessageStatus.STOPPED
    async for event in _show(draft, _last(absence, markers, stopped=stop.is_set()), markers, passages):
        yield event
    if not draft.text and not stop.is_set():
        raise ModelUnavailable(Reason.EMPTY)


def _words(text: str) -> str:
    """Return the text's words alone: no case, punctuation, numbers or markers."""
    return re.sub(r"[\W\d]+", " ", text).strip().lower()


def _last(absence: AbsenceFilter, markers: MarkerFilter, *, stopped: bool) -> str:
    """Return what the filters hold at the end, unless the answer was stopped before its first word."""
    try:
        held = absence.finish()
    except NothingInPassages:
        if stopped:
            return ""
        raise
    return markers.feed(held) + markers.finish()


async def _show(
    draft: Draft, text: str, markers: MarkerFilter, passages: Sequence[FoundPassage]
) -> AsyncGenerator[Event, None]:
    """Yield the citations that the text names for the first time, then the text."""
    for number in markers.order[len(draft.citations) :]:
        yield await draft.cite(passages[number - 1])
    async for event in draft.say(text):
        yield event


async def _clocked(draft: Draft, pieces: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """Pass pieces on, noting when the first came and how long all took."""
    began = time.perf_counter()
    async with aclosing(pieces):
        async for piece in pieces:
            if "first_token" not in draft.timing:
                draft.clock("first_token", began)
            yield piece
            draft.clock("draft", began)
