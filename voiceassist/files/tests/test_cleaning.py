import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceassist.files.extraction.cleaning import clean_line, clean_text, count_hidden_characters


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("81 mg\x00daily", "81 mg daily"),
        ("e\u0301", "é"),
        ("ef\ufb01cacy", "efficacy"),
        ("10\u200b0 mg\u202e gm 001\u202c", "100 mg gm 001"),
        ("5\u00a0mg\u2009daily", "5 mg daily"),
        ("hyper\u00adtension", "hypertension"),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("x\ud800y", "x\ufffdy"),
        ("\ufefftext", "text"),
        ("war\u200dfarin", "warfarin"),
    ],
)
def test_text_is_cleaned(dirty, clean):
    assert clean_text(dirty) == clean


def test_joiners_inside_persian_words_stay():
    assert clean_text("می\u200cخواهم") == "می\u200cخواهم"


@given(st.text())
def test_cleaned_text_can_be_stored_anywhere(text):
    cleaned = clean_text(text)
    assert "\x00" not in cleaned
    assert cleaned.encode().decode() == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert all(unicodedata.category(c) != "Cc" or c in "\n\t" for c in cleaned)
    assert clean_text(cleaned) == cleaned


def test_a_line_has_single_spaces():
    assert clean_line(" a \n\t b ") == "a b"


def test_hidden_characters_are_counted():
    assert count_hidden_characters("10\u200b0\u202e mg") == 2
    assert count_hidden_characters("plain") == 0
