from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceassist.evidence.quantities import absent_quantities

APIXABAN = (
    "Give apixaban 5 mg twice daily. Reduce the dose to 2.5 mg twice daily with two of: age 80 years or more, "
    "weight 60 kg or less, creatinine 1.5 mg/dL or more."
)


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Start at 500 mg once daily [1].", "The starting dose is 500 mg once a day."),
        ("The target is below 130/80 mmHg.", "a target of <130/80 mmHg"),
        ("Give 1,000 mg.", "up to 1000 mg daily"),
        ("The dose is 2.50 mg.", "a dose of 2.5 mg"),
        ("five hundred mg", "500 mg"),
        ("50 micrograms", "50 µg"),
        ("eGFR below 30 mL/min/1.73 m²", "an eGFR < 30 mL/min"),
        ("for 5 to 7 days", "treated for 5–7 days"),
        ("patients aged 65 years or older", "adults at least 65 years of age"),
        ("a PHQ-9 score of 10 or higher", "scores of ≥ 10"),
        ("No number at all.", "nothing"),
        ("age 80 years or more", APIXABAN),
        ("weight 60 kg or less", APIXABAN),
    ],
)
def test_a_quantity_that_stands_in_the_source_is_fine(sentence, source):
    assert absent_quantities(sentence, source) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Give apixaban 5 g twice daily.",
        "Give apixaban 5 mg once daily.",
        "Give apixaban 80 mg twice daily.",
        "Give apixaban five hundred mg.",
        "Give apixaban 10 mg twice daily.",
        "Reduce the dose when age is 60 years or more.",
        "Reduce the dose at a weight of 60 kg or more.",
        "Reduce the dose at age 80 years or less.",
        "Reduce the dose at a creatinine of 1.5 mmol/L or more.",
        "Reduce the dose below a creatinine of 15 mg/dL.",
    ],
)
def test_a_wrong_dose_unit_frequency_or_side_is_named(sentence):
    assert absent_quantities(sentence, APIXABAN)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_can_be_compared_and_every_text_states_itself(one, other):
    absent_quantities(one, other)
    assert absent_quantities(one, one) == []
