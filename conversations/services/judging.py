"""Questions to the evidence layer: is there an answer, and does each sentence stand on its passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from asgiref.sync import sync_to_async

from knowledge.queries import FoundPassage, SearchResult
from voiceassist.ai.embedding import embed_texts
from voiceassist.evidence import extractive, support
from voiceassist.evidence.extractive import Abstention, Quotation
from voiceassist.evidence.markers import without_markers
from voiceassist.evidence.passages import EvidencePassage

Span = tuple[int, int]
NEAR_ENOUGH = 0.4  # cosine; below it no single sentence of the passage is shown as the source


@dataclass(frozen=True, slots=True)
class Verdict:
    """The support of each sentence, and by citation number the span of the passage that carries it."""

    support: list[list[object]]
    spans: dict[int, Span]


def judge(question: str, found: SearchResult) -> Quotation | Abstention:
    """Decide whether the passages answer the question, and with which sentences."""
    passages = [as_evidence(passage) for passage in found.passages]
    return extractive.quote(question=question, query_vector=found.query_vector, passages=passages)


async def check(answer: str, passages: Mapping[int, FoundPassage]) -> Verdict:
    """Check an answer against the passages it cites, by citation number."""
    return await sync_to_async(_check, thread_sensitive=False)(answer, passages)


def as_evidence(passage: FoundPassage) -> EvidencePassage:
    return EvidencePassage(
        text=passage.text,
        sentences=passage.sentences,
        sentence_vectors=passage.sentence_vectors,
        cosine=passage.cosine,
        bm25=passage.bm25,
        heading=" · ".join((passage.title, *passage.heading_path)),
        surroundings=passage.page_text,
    )


def _check(answer: str, passages: Mapping[int, FoundPassage]) -> Verdict:
    sentences = support.check_answer(
        answer=answer,
        passages={number: as_evidence(passage) for number, passage in passages.items()},
        embed=embed_texts,
    )
    marks: list[list[object]] = [[one.start, one.end, str(one.verdict), one.reason] for one in sentences]
    texts = [answer[one.start : one.end] for one in sentences]
    spans = {number: _span(number, passage, texts) for number, passage in passages.items()}
    return Verdict(marks, {number: span for number, span in spans.items() if span is not None})


def _span(number: int, passage: FoundPassage, sentences: Sequence[str]) -> Span | None:
    """Return the sentence of a passage that is nearest to any sentence citing it, if one is near."""
    citing = [without_markers(sentence) for sentence in sentences if f"[{number}]" in sentence]
    if not citing or not len(passage.sentences):
        return None
    nearness = (embed_texts(citing) @ passage.sentence_vectors.T).max(axis=0)
    best = int(np.argmax(nearness))
    return passage.sentences[best] if nearness[best] >= NEAR_ENOUGH else None
