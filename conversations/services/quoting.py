"""Answers without a model: the best sentences of the knowledge base word for word, or an honest nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from conversations.events import Event
from conversations.models import MessageStatus
from conversations.services.drafting import Draft
from knowledge.queries import FoundPassage
from voiceassist.evidence.extractive import Quotation, QuotedSentence
from voiceassist.evidence.markers import without_markers
from voiceassist.evidence.tables import is_row, row_as_prose

ABSTENTION = "Nothing in the knowledge base answers this question."
NEAREST = 3
WORD_FOR_WORD = "Quoted word for word."
FROM_A_TABLE = "Quoted from a table: each cell is led by its column heading."


async def quote(draft: Draft, passages: list[FoundPassage], quotation: Quotation) -> AsyncGenerator[Event, None]:
    """Say each quoted sentence as a paragraph of its own, with a citation of exactly that sentence."""
    for sentence in quotation.sentences:
        passage = passages[sentence.passage_index]
        yield await draft.cite(passage, (sentence.start, sentence.end))
        prose, reason = _as_prose(passage, sentence)
        text = f"{prose}[{len(draft.citations)}]"
        gap = "\n\n" if draft.text else ""
        start = len(draft.text) + len(gap)
        draft.support.append([start, start + len(text), "supported", reason])
        async for event in draft.say(gap + text):
            yield event


async def abstain(draft: Draft, passages: list[FoundPassage], nearest: Sequence[int]) -> AsyncGenerator[Event, None]:
    """Say that nothing answers the question, and cite the nearest passages as just that."""
    draft.status, draft.is_generated = MessageStatus.ABSTAINED, False
    for index in nearest[:NEAREST]:
        yield await draft.cite(passages[index])
    async for event in draft.say(ABSTENTION):
        yield event


def _as_prose(passage: FoundPassage, sentence: QuotedSentence) -> tuple[str, str]:
    """Undo the page's line breaks, and lead each cell of a table row by its column heading.

    The source's own references, which would read as citations, are left out. Returned with what the mark says of it.
    """
    quoted = without_markers(passage.text[sentence.start : sentence.end])
    if is_row(quoted):
        return row_as_prose(quoted, passage.heading_path[-1] if passage.heading_path else ""), FROM_A_TABLE
    return " ".join(quoted.split()), WORD_FOR_WORD
