"""Answer by quoting: the sentences of the passages that answer a question, or the finding that none does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voiceassist.evidence.passages import EvidencePassage

FloatArray = npt.NDArray[np.float32]
MOST_SENTENCES = 4


@dataclass(frozen=True, slots=True)
class QuotedSentence:
    """A sentence of a passage: half-open offsets into the passage's text, and how well it answers."""

    passage_index: int
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Quotation:
    """Sentences that answer, best first."""

    sentences: list[QuotedSentence]


@dataclass(frozen=True, slots=True)
class Abstention:
    """Nothing answers; `nearest` are the indices of the passages that come nearest, best first."""

    nearest: list[int]


def quote(
    *, question: str, query_vector: FloatArray, passages: Sequence[EvidencePassage]
) -> Quotation | Abstention:
    """Choose up to four sentences that answer the question. The decision stands on absolute features only."""
    scored = [
        QuotedSentence(index, start, end, passage.text[start:end], float(vector @ query_vector))
        for index, passage in enumerate(passages)
        for (start, end), vector in zip(passage.sentences, passage.sentence_vectors, strict=True)
    ]
    best = sorted(scored, key=lambda sentence: -sentence.score)[:MOST_SENTENCES]
    if not best or best[0].score < 0.45:
        return Abstention(list(range(min(3, len(passages)))))
    return Quotation([sentence for sentence in best if sentence.score >= best[0].score - 0.1])
