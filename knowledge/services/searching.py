"""Searching the library by question."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from knowledge.queries import FloatArray, FoundPassage, hybrid_search
from voiceassist.evidence.lexicon import normalise

SNIPPET = 300  # characters


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, and the part of it to show."""

    passage: FoundPassage
    snippet: str


def search_library(*, query: str, limit: int) -> list[Hit]:
    """Return the passages of the library that fit a question, best first."""
    found = hybrid_search(query=normalise(query), limit=limit)
    return [Hit(passage, _snippet(passage, found.query_vector)) for passage in found.passages]


def _snippet(passage: FoundPassage, query_vector: FloatArray) -> str:
    """Return the passage from the sentence nearest to the question on, or from its beginning where all fits."""
    line = " ".join(passage.text.split())
    if len(line) <= SNIPPET or not len(passage.sentences):
        return _cut(line)
    nearest = int(np.argmax(passage.sentence_vectors @ query_vector))
    start, _ = passage.sentences[nearest]
    rest = " ".join(passage.text[start:].split())
    return _cut(rest) if start == 0 else _cut(f"… {rest}")


def _cut(line: str) -> str:
    return line if len(line) <= SNIPPET else f"{line[: SNIPPET - 1].rsplit(' ', 1)[0]}…"
