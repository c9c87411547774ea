"""The value that all evidence checks work on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voiceassist.evidence.sentences import Span

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EvidencePassage:
    """A retrieved passage, without a trace of the database.

    `sentences` are half-open offsets into `text`; `sentence_vectors` has shape (sentences, dimension), unit length.
    `heading` is the document's title and the section's headings, `surroundings` the page around it.
    `cosine` and `bm25` are those of the search.
    """

    text: str
    sentences: tuple[Span, ...]
    sentence_vectors: FloatArray
    cosine: float
    bm25: float
    heading: str = ""
    surroundings: str = ""
