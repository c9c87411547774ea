"""The second pass: what is worth computing for the fifty best passages only.

The weights were set on half of the queries of scifact and medquad and checked on the other halves and on
liveqa-med; docs/scorecard.md has what each step brings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

TITLE_WEIGHT = 0.4
TITLE_COVERAGE_FROM = 0.5
DEFINITION_WEIGHT = 0.1
SENTENCE_WEIGHT = 0.3
LEXICAL_SHARE = 0.5
PAGE_SHARE = 0.7  # of the lexical score, for the page that the passage stands on
DOCUMENT_SHARE = 0.2  # of the mean cosine of a document's candidates
FULL_SHARE_UP_TO = 8  # lexemes; in longer questions each word tells less
BEST_POSSIBLE = (
    1 + DOCUMENT_SHARE + LEXICAL_SHARE + TITLE_WEIGHT * (1 - TITLE_COVERAGE_FROM) + DEFINITION_WEIGHT + SENTENCE_WEIGHT
)


@dataclass(frozen=True, slots=True)
class Features:
    """What the second pass looks at. `title_coverage` is the idf share of the title's words that were asked for."""

    fusion: float
    title: str
    title_coverage: float
    opening: str
    sentence_vectors: FloatArray


def second_pass(*, features: Sequence[Features], query_vector: FloatArray, asks_definition: bool) -> list[float]:
    """Return for each passage a score from 0 to 1, comparable within one search."""
    return [_score(one, query_vector, asks_definition=asks_definition) / BEST_POSSIBLE for one in features]


def _score(features: Features, query_vector: FloatArray, *, asks_definition: bool) -> float:
    title = TITLE_WEIGHT * max(0.0, features.title_coverage - TITLE_COVERAGE_FROM)
    defined = asks_definition and features.title_coverage > 0 and defines(features.title, features.opening)
    sentence = best_sentence_cosine(features.sentence_vectors, query_vector)
    return max(0.0, features.fusion + title + DEFINITION_WEIGHT * defined + SENTENCE_WEIGHT * sentence)


def best_sentence_cosine(sentence_vectors: FloatArray, query_vector: FloatArray) -> float:
    """Return the cosine of the sentence nearest to the query (MaxSim; Khattab & Zaharia 2020, over sentences)."""
    return float((sentence_vectors @ query_vector).max()) if len(sentence_vectors) else 0.0


def defines(title: str, opening: str) -> bool:
    """Tell whether a text opens by saying what its title is."""
    subject = re.escape(title.strip().lower()[:40])
    verb = r"[^.]{0,60}?\b(?:is|are|refers? to|means|occurs? when)\b"
    return bool(subject) and re.search(subject + verb, opening.lower()) is not None
