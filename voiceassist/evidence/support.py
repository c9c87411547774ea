"""Whether each sentence of an answer stands on the passages it cites.

Contradiction is hard to see without a language model, so no verdict here says more than that a passage supports a
sentence, is related to it, or that no support was found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from voiceassist.evidence.markers import without_markers
from voiceassist.evidence.passages import EvidencePassage
from voiceassist.evidence.quantities import absent_quantities
from voiceassist.evidence.questions import Question, Text
from voiceassist.evidence.sentences import sentence_spans

FloatArray = npt.NDArray[np.float32]
Embed = Callable[[list[str]], FloatArray]

SUPPORTED_FROM = 0.62  # cosine to the nearest sentence
SUPPORTED_COVERAGE = 0.5  # share of content words in the cited passages
RELATED_FROM = 0.4

_MARKER = re.compile(r"\[(\d+)\]")
_WORD = re.compile(r"[^\W\d_]{3,}")
_NEGATION = re.compile(
    r"\b(?:no|not|never|without|neither|nor|cannot|contraindicated|avoid(?:ed)?|isn't|aren't|don't|doesn't)\b",
    re.IGNORECASE,
)
_STOP = frozenset(
    ["the", "and", "for", "with", "from", "that", "this", "are", "was", "were", "has", "have", "had", "can", "may"]
)


class Verdict(StrEnum):
    SUPPORTED = "supported"
    RELATED = "related"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SentenceSupport:
    """The verdict on one sentence: half-open offsets into the answer, and a reason to show."""

    start: int
    end: int
    verdict: Verdict
    reason: str


def check_answer(*, answer: str, passages: Mapping[int, EvidencePassage], embed: Embed) -> list[SentenceSupport]:
    """Judge each sentence of an answer by the passages its markers name. `passages` is keyed by citation number."""
    spans = sentence_spans(answer)
    if not spans:
        return []
    texts = [answer[start:end] for start, end in spans]
    vectors = embed([without_markers(text) for text in texts])
    return [
        SentenceSupport(start, end, *_judge(text, vector, _cited(text, passages)))
        for (start, end), text, vector in zip(spans, texts, vectors, strict=True)
    ]


def _cited(sentence: str, passages: Mapping[int, EvidencePassage]) -> list[EvidencePassage]:
    numbers = dict.fromkeys(int(number) for number in _MARKER.findall(sentence))
    return [passages[number] for number in numbers if number in passages]


def _judge(sentence: str, vector: FloatArray, cited: Sequence[EvidencePassage]) -> tuple[Verdict, str]:
    if not cited:
        return Verdict.NONE, "No source is cited for this sentence."
    sources = "\n".join(f"{passage.heading}\n{passage.text}" for passage in cited)
    passage, place, cosine = _nearest(vector, cited)
    if absent := absent_quantities(sentence, sources):
        return Verdict.NONE, f"{_listed(absent)} in the cited passage."
    if cosine < RELATED_FROM:
        return Verdict.NONE, "The cited passage says nothing near to this."
    if cosine < SUPPORTED_FROM or _coverage(sentence, sources) < SUPPORTED_COVERAGE:
        return Verdict.RELATED, "The cited passage is about this, but does not clearly say it."
    start, end = passage.sentences[place]
    if doubt := _doubt(sentence, sources, nearest=passage.text[start:end], heading=passage.heading):
        return Verdict.RELATED, doubt
    return Verdict.SUPPORTED, "The cited passage says this in similar words."


def _doubt(sentence: str, sources: str, *, nearest: str, heading: str) -> str:
    """Return what speaks against a sentence that is near to its source: a name, a quantity, a “not”; or nothing."""
    if missing := _missing_names(sentence, sources):
        return f"{_listed(missing)} in the cited passage."
    if absent := absent_quantities(sentence, f"{heading}\n{nearest}"):
        return f"{_listed(absent)} in the sentence nearest to this one: compare what it belongs to."
    if _is_negated(sentence) != _is_negated(nearest):
        return "One of the two says “not”: compare them."
    return ""


def _nearest(vector: FloatArray, cited: Sequence[EvidencePassage]) -> tuple[EvidencePassage, int, float]:
    """Return the passage, the place of its nearest sentence, and the cosine."""
    best = (cited[0], 0, -1.0)
    for passage in cited:
        cosines = passage.sentence_vectors @ vector
        if len(cosines) and float(cosines.max()) > best[2]:
            best = (passage, int(np.argmax(cosines)), float(cosines.max()))
    return best


def _coverage(sentence: str, sources: str) -> float:
    """Return the share of the sentence's content words, cut to five letters, that the sources hold."""
    words, known = _content(without_markers(sentence)), _content(sources)
    return len(words & known) / len(words) if words else 1.0


def _content(text: str) -> set[str]:
    return {word.lower()[:5] for word in _WORD.findall(text) if word.lower() not in _STOP}


def _missing_names(sentence: str, sources: str) -> list[str]:
    """Return the drugs, diseases and other named things of a sentence that the sources do not name."""
    text = Text.of(sources)
    return [term.surface for term in Question.of(without_markers(sentence)).terms if term.names and not text.has(term)]


def _is_negated(text: str) -> bool:
    return _NEGATION.search(text) is not None


def _listed(things: Sequence[str]) -> str:
    quoted = ", ".join(f"“{thing}”" for thing in things)
    return f"{quoted} {'is' if len(things) == 1 else 'are'} not"
