from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceassist.evidence.sentences import sentence_spans


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Metformin (e.g. Glucophage) is started at 500 mg vs. placebo.",
        "The dose is 2.5 mg/day in adults, see Fig. 2.",
        "Smith et al. Reported it first.",
        "J. R. Smith described it in No. 5 of that volume.",
        "The U.S. Preventive Services Task Force advises it.",
        "Is eGFR < 30 mL/min/1.73 m² a contraindication?",
    ],
)
def test_abbreviations_and_decimals_do_not_end_a_sentence(sentence):
    assert split(f"{sentence} Then another.") == [sentence, "Then another."]


def test_a_reference_mark_belongs_to_the_sentence_before_it():
    assert split("It is first line.[1,2] It is cheap.") == ["It is first line.[1,2]", "It is cheap."]


def test_paragraphs_and_table_rows_are_never_joined():
    assert split("A heading without a stop\n\nDose\t500 mg\nDose\t850 mg") == [
        "A heading without a stop",
        "Dose\t500 mg",
        "Dose\t850 mg",
    ]


@given(st.text(max_size=400))
def test_sentences_cover_all_that_is_not_white_space_in_order(text):
    spans = sentence_spans(text)

    assert "".join(split(text)).replace(" ", "").split() == [] or all(start < end for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    covered = set().union(*(range(start, end) for start, end in spans)) if spans else set()
    assert all(character.isspace() for place, character in enumerate(text) if place not in covered)
