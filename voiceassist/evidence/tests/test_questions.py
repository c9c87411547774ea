from __future__ import annotations

import pytest

from voiceassist.evidence.questions import Question, Text, standing_alone

BEFORE = "What is the starting dose of metformin?"


@pytest.mark.parametrize(
    "question", ["And in children?", "What about renal impairment?", "Is it safe in pregnancy?", "Why?"]
)
def test_a_question_that_leans_on_the_one_before_is_read_with_it(question):
    assert standing_alone(question, before=BEFORE) == f"{BEFORE} {question}"


@pytest.mark.parametrize(
    "question",
    [
        "What is the first-line treatment of hypertension?",
        "Apixaban dose in atrial fibrillation",
        "How is it decided whether adults with atrial fibrillation need apixaban or warfarin for stroke prevention?",
    ],
)
def test_a_question_of_its_own_stays_as_it_is(question):
    assert standing_alone(question, before=BEFORE) == question


def test_the_first_question_has_nothing_before_it():
    assert standing_alone("And in children?", before="") == "And in children?"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Eliquis dose", "apixaban 5 mg"),
        ("kidney failure", "renal impairment"),
        ("gouty arthritis", "gout"),
        ("MI", "after a myocardial infarction"),
        ("COPD", "chronic obstructive pulmonary disease"),
    ],
)
def test_a_text_holds_a_word_in_other_words_too(question, text):
    assert Question.of(question).coverage(Text.of(text)) > 0


@pytest.mark.parametrize(
    ("question", "text"), [("torsemide", "furosemide"), ("potassium level", "sodium level"), ("warfarin", "heparin")]
)
def test_a_named_thing_is_not_replaced_by_its_neighbour(question, text):
    assert Question.of(question).missing_name(Text.of(text)) > 0


def test_the_class_stands_for_a_drug_except_where_a_dose_is_asked():
    text = Text.of("An ACE inhibitor at 10 mg daily is contraindicated in pregnancy.")

    assert Question.of("Is ramipril contraindicated?").missing_name(text) == 0
    assert Question.of("What is the dose of ramipril?").missing_name(text) > 0
