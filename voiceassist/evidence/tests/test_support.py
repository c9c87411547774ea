from __future__ import annotations

import pytest

from voiceassist.ai.embedding import embed_texts
from voiceassist.evidence.passages import EvidencePassage
from voiceassist.evidence.sentences import sentence_spans
from voiceassist.evidence.support import Verdict, check_answer


def passage(text: str) -> EvidencePassage:
    spans = tuple(sentence_spans(text))
    return EvidencePassage(text, spans, embed_texts([text[start:end] for start, end in spans]), 0.7, 10.0)


METFORMIN = passage(
    "Metformin is started at 500 mg once daily with the evening meal. "
    "Metformin is contraindicated when the eGFR is below 30 mL/min/1.73 m²."
)


def verdict(answer: str) -> Verdict:
    (only,) = check_answer(answer=answer, passages={1: METFORMIN}, embed=embed_texts)
    return only.verdict


def test_a_paraphrase_with_the_same_numbers_is_supported():
    assert verdict("Start metformin at 500 mg once daily with the evening meal [1].") == Verdict.SUPPORTED


@pytest.mark.parametrize(
    "answer",
    [
        "Start metformin at 850 mg once daily with the evening meal [1].",
        "Metformin is contraindicated when the eGFR is below 45 mL/min/1.73 m² [1].",
    ],
)
def test_a_swapped_number_is_not_supported(answer):
    (only,) = check_answer(answer=answer, passages={1: METFORMIN}, embed=embed_texts)

    assert only.verdict == Verdict.NONE
    assert "not in the cited passage" in only.reason


APIXABAN = passage(
    "Give apixaban 5 mg twice daily. Reduce the dose of apixaban to 2.5 mg twice daily when the patient has two of: "
    "age 80 years or more, weight 60 kg or less, creatinine 1.5 mg/dL or more."
)


@pytest.mark.parametrize(
    "answer",
    [
        "Give apixaban 5 g twice daily [1].",
        "Give apixaban 5 mg once daily [1].",
        "Give apixaban 80 mg twice daily [1].",
        "Give apixaban 2.5 mg twice daily [1].",
        "Give apixaban five hundred mg twice daily [1].",
        "Give rivaroxaban 5 mg twice daily [1].",
        "Reduce the dose to 2.5 mg twice daily when the age is 60 years or more [1].",
        "Reduce the dose to 2.5 mg when the weight is 60 kg or more and the age 80 years or less [1].",
    ],
)
def test_a_wrong_dose_unit_threshold_or_drug_is_never_called_supported(answer):
    (only,) = check_answer(answer=answer, passages={1: APIXABAN}, embed=embed_texts)

    assert only.verdict != Verdict.SUPPORTED


@pytest.mark.parametrize(
    "answer",
    [
        "Apixaban is given at 5 mg twice daily [1].",
        "Reduce apixaban to 2.5 mg twice daily with two of age 80 years or more and weight 60 kg or less [1].",
    ],
)
def test_the_right_dose_and_thresholds_are(answer):
    (only,) = check_answer(answer=answer, passages={1: APIXABAN}, embed=embed_texts)

    assert only.verdict == Verdict.SUPPORTED


def test_a_dropped_not_is_never_called_supported():
    assert verdict("Metformin can be given when the eGFR is below 30 mL/min/1.73 m² [1].") != Verdict.SUPPORTED


@pytest.mark.parametrize("answer", ["Metformin is safe.", "Metformin is safe [7]."])
def test_a_sentence_without_a_valid_source_has_no_support(answer):
    assert verdict(answer) == Verdict.NONE


def test_a_sentence_about_something_else_has_no_support():
    assert verdict("The capital of France is Paris [1].") == Verdict.NONE


def test_each_sentence_is_judged_for_itself():
    answer = "Metformin is started at 500 mg once daily [1]. It cures asthma [1]."

    first, second = check_answer(answer=answer, passages={1: METFORMIN}, embed=embed_texts)

    assert (first.verdict, second.verdict) == (Verdict.SUPPORTED, Verdict.NONE)
    assert answer[second.start : second.end] == "It cures asthma [1]."


def test_no_answer_has_no_sentences():
    assert check_answer(answer="", passages={}, embed=embed_texts) == []
