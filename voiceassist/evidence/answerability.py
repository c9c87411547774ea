"""Whether a passage answers a question. Everything stands on absolute features: fused scores only rank.

The coefficients are a logistic regression over answerable questions and near misses; docs/evaluation.md says on
which sets they were set and on which they were checked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from voiceassist.evidence.passages import EvidencePassage, FloatArray
from voiceassist.evidence.questions import Question, Text

INTERCEPT = -5.1
PASSAGE_COSINE = 3.6
SENTENCE_COSINE = 4.8
COVERAGE = 2.3
MISSING_NAME = -2.0
MISSING_NUMBER = -1.4
MISSING_KIND = -0.2
THRESHOLD = -0.25  # on the logit; 0.5 gives fewer wrong answers, -0.5 fewer refusals
MUCH_MISSING = 0.9  # the weight of a named thing that a sentence with the dose, limit or share asked for may not lack

SENTENCE_COVERAGE = 0.6
WANTED_KIND = 0.10
FORM_FIELD = 0.25  # “Patient ID: 123”, when every word of the label is in the question
LACKING_NAME = 0.25  # a named thing of the question that the sentence and its heading lack
CLUTTER = 0.35  # axis labels, rows of numbers, run-on extraction
_REFERENCES = re.compile(r"[(\[]\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*[)\]]")  # (316, 317), [4–6]
_FIELD = re.compile(r"^\W*([A-Z][\w /-]{1,40}):\s*\S")


@dataclass(frozen=True)
class Sentence:
    text: Text
    cosine: float


@dataclass(frozen=True)
class Candidate:
    """A passage beside a question: the words of its heading, of each sentence, and of what surrounds it."""

    question: Question
    passage: EvidencePassage
    query_vector: FloatArray

    @cached_property
    def heading(self) -> Text:
        return Text.of(self.passage.heading)

    @cached_property
    def whole(self) -> Text:
        return self.heading | Text.of(self.passage.text)

    @cached_property
    def surroundings(self) -> Text:
        return self.whole | Text.of(self.passage.surroundings)

    @cached_property
    def sentences(self) -> list[Sentence]:
        cosines = self.passage.sentence_vectors @ self.query_vector if self.passage.sentences else np.zeros(0)
        pairs = zip(self.passage.sentences, cosines, strict=True)
        return [Sentence(Text.of(self.passage.text[start:end]), float(cosine)) for (start, end), cosine in pairs]

    @cached_property
    def logit(self) -> float:
        """Return the evidence that the passage answers; above THRESHOLD it does."""
        numbers = self.question.numbers
        absent = sum(number not in self.whole.raw for number in numbers) / len(numbers) if numbers else 0.0
        nearest = max((sentence.cosine for sentence in self.sentences), default=self.passage.cosine)
        return (
            INTERCEPT
            + PASSAGE_COSINE * self.passage.cosine
            + SENTENCE_COSINE * nearest
            + COVERAGE * self.question.coverage(self.whole)
            + MISSING_NAME * self.question.missing_name(self.surroundings)
            + MISSING_NUMBER * absent
            + MISSING_KIND * (not self.has_wanted_kind)
        )

    @cached_property
    def is_ruled_out(self) -> bool:
        """Tell whether the passage cannot answer, however near it is.

        It is about another year or population, holds no dose, limit or share where one is asked for, or is no record
        where one patient is asked about.
        """
        if any(year not in self.surroundings.raw for year in self.question.years):
            return True
        if self.question.is_about_one_patient and not self.surroundings.is_patient_record:
            return True
        if self.question.missing_population(self.whole):
            return True
        return self.question.insists and not self.has_wanted_kind

    @cached_property
    def has_wanted_kind(self) -> bool:
        """Tell whether a dose, date or quantity, if asked for, stands in a sentence about the things asked about."""
        if self.question.wanted is None:
            return True
        framed = [(sentence, self.question.missing_name(sentence.text | self.heading)) for sentence in self.sentences]
        least = min((missing for _, missing in framed), default=1.0)
        if self.question.insists and least >= MUCH_MISSING:
            return False
        return any(missing <= least and self.holds_kind(sentence) for sentence, missing in framed)

    def holds_kind(self, sentence: Sentence) -> bool:
        stated = _REFERENCES.sub("", sentence.text.raw)
        return self.question.wanted is None or self.question.wanted.search(stated) is not None

    def sentence_score(self, sentence: Sentence) -> float:
        """Return how well a sentence answers; comparable within one question."""
        own = self.question.coverage(sentence.text)
        framed = self.question.coverage(sentence.text | self.heading)
        return (
            sentence.cosine
            + SENTENCE_COVERAGE * (own + framed) / 2
            + WANTED_KIND * (self.question.wanted is not None and self.holds_kind(sentence))
            + FORM_FIELD * _answers_as_form_field(sentence.text.raw, self.question.text)
            - LACKING_NAME * self.question.missing_name(sentence.text | self.heading)
            - CLUTTER * is_clutter(sentence.text.raw)
        )


def answering(
    *, question: str, query_vector: FloatArray, passages: Sequence[EvidencePassage]
) -> list[tuple[int, Candidate]]:
    """Return the passages that answer with their places, in the order given; none when nothing does."""
    asked = Question.of(question)
    candidates = [Candidate(asked, passage, query_vector) for passage in passages]
    return [
        (place, candidate)
        for place, candidate in enumerate(candidates)
        if not candidate.is_ruled_out and candidate.logit > THRESHOLD
    ]


def is_clutter(text: str) -> bool:
    """Tell whether a sentence is none: a run of numbers, or text that extraction glued together."""
    words = text.split()
    numbers = sum(not any(character.isalpha() for character in word) for word in words)
    return len(words) > 70 or (numbers >= 8 and numbers > 0.25 * len(words))


def _answers_as_form_field(sentence: str, question: str) -> bool:
    label = _FIELD.match(sentence)
    return label is not None and all(
        re.search(rf"\b{re.escape(word[:4])}", question, re.IGNORECASE) for word in label[1].split()
    )
