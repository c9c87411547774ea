from __future__ import annotations

from voiceassist.evidence.tables import is_row, row_as_prose


def test_each_cell_is_led_by_its_own_column_heading():
    assert row_as_prose("Stage 2\t140 or higher\t90 or higher", "Category | Systolic | Diastolic") == (
        "Category: Stage 2 · Systolic: 140 or higher · Diastolic: 90 or higher"
    )


def test_an_empty_cell_does_not_move_the_others_under_wrong_headings():
    assert row_as_prose("Apixaban\t\t2.5 mg", "Drug | Loading dose | Reduced dose") == (
        "Drug: Apixaban · Reduced dose: 2.5 mg"
    )


def test_a_row_that_does_not_fit_its_header_gets_no_headings():
    assert row_as_prose("a\tb\tc", "Drug | Dose") == "a · b · c"


def test_only_text_with_cells_is_a_row():
    assert is_row("a\tb")
    assert not is_row("A sentence.")
