from __future__ import annotations

import pytest

from voiceassist.evidence.numbers import absent_numbers


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Start at 500 mg once daily [1].", "The starting dose is 500 mg."),
        ("The target is below 130/80 mmHg.", "a target of <130/80 mmHg"),
        ("Give 1,000 mg.", "up to 1000 mg daily"),
        ("The dose is 2.50 mg.", "a dose of 2.5 mg"),
        ("No number at all.", "nothing"),
    ],
)
def test_a_number_that_stands_in_the_source_is_fine(sentence, source):
    assert absent_numbers(sentence, source) == []


@pytest.mark.parametrize(
    ("sentence", "source", "absent"),
    [
        ("Start at 850 mg.", "The starting dose is 500 mg.", ["850"]),
        ("Give 5 mg.", "Give 2.5 mg.", ["5"]),
        ("Give 25 mg and 50 mg.", "Give 25 mg.", ["50"]),
        ("eGFR below 45", "eGFR below 30", ["45"]),
    ],
)
def test_a_number_that_does_not_is_named(sentence, source, absent):
    assert absent_numbers(sentence, source) == absent


def test_citation_markers_are_no_numbers():
    assert absent_numbers("It is first line [3].", "It is first line.") == []
