from __future__ import annotations

import pytest

from voiceassist.ai.embedding import embed_texts, embed_with_spans
from voiceassist.evidence.extractive import Abstention, Quotation, quote
from voiceassist.evidence.passages import EvidencePassage
from voiceassist.evidence.sentences import sentence_spans

METFORMIN = (
    "Metformin is started at 500 mg once daily with the evening meal. Diarrhoea is the most common side effect of "
    "metformin. Metformin is contraindicated when the eGFR is below 30 mL/min/1.73 m²."
)
ASTHMA = "Low-dose budesonide-formoterol as needed is the preferred reliever for adults with asthma."
RECORD = "Patient ID: NARH-1. Date of admission: 07-Sep-2020. The patient was discharged on atorvastatin 40 mg daily."
REPORT = "The Gini index for years of potential life lost was 0.096 in 2007."


def ask(question: str, *texts: str, heading: str = "") -> Quotation | Abstention:
    query = embed_texts([question])[0]
    passages = []
    for text in texts:
        spans = tuple(sentence_spans(text))
        (vectors,) = embed_with_spans([text], [spans])
        cosine = float(vectors.text @ query)
        passages.append(EvidencePassage(text, spans, vectors.spans, cosine, 10.0, heading, text))
    return quote(question=question, query_vector=query, passages=passages)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What is the starting dose of metformin?", "500 mg once daily"),
        ("What is the starting dose of Glucophage?", "500 mg once daily"),
        ("At which eGFR is metformin contraindicated?", "below 30"),
        ("Which side effect of metformin is most common?", "Diarrhoea"),
    ],
)
def test_the_sentence_that_answers_is_quoted_word_for_word(question, words):
    answer = ask(question, METFORMIN, ASTHMA)

    assert isinstance(answer, Quotation)
    assert any(words in sentence.text for sentence in answer.sentences)
    for sentence in answer.sentences:
        assert (METFORMIN, ASTHMA)[sentence.passage_index][sentence.start : sentence.end] == sentence.text


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "How do I bake sourdough bread?",
        "What is the starting dose of torsemide?",
        "What is the starting dose of metformin in children?",
        "What did the 2024 trial of metformin find?",
        "Does metformin interact with lithium?",
        "What was the patient's dose of metformin on discharge?",
    ],
)
def test_a_question_that_nothing_answers_is_not_answered(question):
    assert isinstance(ask(question, METFORMIN, ASTHMA), Abstention)


def test_another_year_is_another_question():
    assert isinstance(ask("What was the Gini index for years of potential life lost in 2007?", REPORT), Quotation)
    assert isinstance(ask("What was the Gini index for years of potential life lost in 2015?", REPORT), Abstention)


def test_a_question_about_one_patient_is_answered_from_a_record_only():
    question = "Which statin dose did the patient receive at discharge?"

    assert isinstance(ask(question, RECORD), Quotation)
    assert isinstance(ask(question, "Atorvastatin 40 mg daily is a high-intensity statin dose."), Abstention)


def test_at_most_four_sentences_are_quoted_and_none_twice():
    repeated = " ".join(["Metformin is started at 500 mg once daily with the evening meal."] * 6)

    answer = ask("What is the starting dose of metformin?", repeated, repeated)

    assert isinstance(answer, Quotation)
    assert len(answer.sentences) == 1


def test_nothing_found_is_an_abstention_without_neighbours():
    assert ask("anything") == Abstention([])


@pytest.mark.parametrize("question", ["", "???", "the", "x" * 8000])
def test_odd_questions_are_not_answered(question):
    assert isinstance(ask(question, METFORMIN), Abstention)
