"""Answer by quoting: the sentences of the passages that answer a question, or the finding that none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from voiceassist.evidence.answerability import Candidate, answering
from voiceassist.evidence.passages import EvidencePassage, FloatArray

CONSIDERED = 3  # passages, in the order of the search
NEARLY_AS_GOOD = 0.5  # on the logit: of passages this near to the best, the one with the best sentence leads
NEARLY_AS_NEAR = 0.18  # on the sentence score
MOST_SENTENCES = 4
NEAREST_SHOWN = 3


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
    """Sentences that answer, in reading order of their passages."""

    sentences: list[QuotedSentence]


@dataclass(frozen=True, slots=True)
class Abstention:
    """Nothing answers; `nearest` are the indices of the passages that come nearest, best first."""

    nearest: list[int]


def quote(*, question: str, query_vector: FloatArray, passages: Sequence[EvidencePassage]) -> Quotation | Abstention:
    """Choose up to four sentences that answer the question, from passages in the order of the search."""
    answers = answering(question=question, query_vector=query_vector, passages=passages[:CONSIDERED])
    if not any(candidate.sentences for _, candidate in answers):
        return Abstention(list(range(min(NEAREST_SHOWN, len(passages)))))
    best = max(candidate.logit for _, candidate in answers)
    good = [(place, candidate) for place, candidate in answers if candidate.logit >= best - NEARLY_AS_GOOD]
    scored = [sentence for place, candidate in answers for sentence in _scored(place, candidate)]
    leading = [sentence for sentence in scored if sentence.passage_index in {place for place, _ in good}]
    top = max(leading, key=lambda sentence: (sentence.score, -sentence.passage_index))
    first = top.passage_index
    chosen = [sentence for sentence in scored if sentence.score >= top.score - NEARLY_AS_NEAR]
    kept = sorted(_without_repeats(chosen), key=lambda one: (one.passage_index != first, -one.score))[:MOST_SENTENCES]
    return Quotation(sorted(kept, key=lambda one: (one.passage_index != first, one.passage_index, one.start)))


def _scored(place: int, candidate: Candidate) -> list[QuotedSentence]:
    spans = zip(candidate.passage.sentences, candidate.sentences, strict=True)
    return [
        QuotedSentence(place, start, end, candidate.passage.text[start:end], candidate.sentence_score(sentence))
        for (start, end), sentence in spans
    ]


def _without_repeats(sentences: Sequence[QuotedSentence]) -> list[QuotedSentence]:
    """Keep the first of sentences that say the same in the same words."""
    unique: dict[str, QuotedSentence] = {}
    for sentence in sentences:
        unique.setdefault(" ".join(sentence.text.lower().split()), sentence)
    return list(unique.values())
