import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceassist.evidence.markers import MarkerFilter, without_markers


def filtered(pieces, passages=5):
    markers = MarkerFilter(passages)
    text = "".join(markers.feed(piece) for piece in pieces) + markers.finish()
    return text, markers.order


@pytest.mark.parametrize(
    ("pieces", "text", "order"),
    [
        (["Rest helps [1]."], "Rest helps [1].", [1]),
        (["Rest helps [3]. So does tea [1]."], "Rest helps [1]. So does tea [2].", [3, 1]),
        (["Rest [1", ", 2]."], "Rest [1][2].", [1, 2]),
        (["Rest [", "1", "][", "3", "]."], "Rest [1][2].", [1, 3]),
        (["Rest [1, 3] and [3]."], "Rest [1][2] and [2].", [1, 3]),
        (["Rest [12]."], "Rest.", []),
        (["Rest helps. [1] So does", " tea. ", "[2]"], "Rest helps.[1] So does tea.[2]", [1, 2]),
        (["Rest", " ", "[", "12", "]", " helps."], "Rest helps.", []),
        (["Rest [1, 12]."], "Rest [1].", [1]),
        (["Rest [2-4]."], "Rest [1][2][3].", [2, 3, 4]),
        (["Rest [Passage 2]."], "Rest [1].", [2]),
        (["Rest [0] [6]."], "Rest.", []),
        (["Rest [1-9999]."], "Rest.", []),
        (["Rest [see below] [2]"], "Rest [see below] [1]", [2]),
        (["Rest [1"], "Rest [1", []),
        (["Rest  "], "Rest  ", []),
        (["[2] Rest"], "[1] Rest", [2]),
        (["Rest [1, 1]."], "Rest [1].", [1]),
        (["Take [[9]1] daily"], "Take [ 1] daily", []),
        (["Take [1[9]] daily"], "Take [1 ] daily", []),
    ],
)
def test_markers_are_checked_and_renumbered(pieces, text, order):
    assert filtered(pieces) == (text, order)


def test_text_before_a_bracket_is_not_held_back():
    markers = MarkerFilter(2)

    assert markers.feed("Rest helps") == "Rest helps"
    assert markers.feed(" [") == ""
    assert markers.feed("1]") == " [1]"


texts = st.lists(
    st.one_of(
        st.sampled_from(["[1]", "[", "]", "1", "2, 3", " ", "[9]", "word", "\n", "[2-3]", "[Passage "]),
        st.text(),
    ),
    max_size=30,
).map("".join)


@given(text=texts, cuts=st.lists(st.integers(0, 80), max_size=8))
def test_the_result_does_not_depend_on_how_the_text_was_split(text, cuts):
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]

    assert filtered(pieces) == filtered([text])


@given(text=texts)
def test_every_marker_that_is_left_names_a_passage_in_order_of_first_appearance(text):
    shown, order = filtered([text], passages=3)

    numbers = [int(number) for number in re.findall(r"\[([0-9]+)\]", shown)]
    assert list(dict.fromkeys(numbers)) == list(range(1, len(order) + 1))
    assert set(order) <= {1, 2, 3}


def test_references_of_a_source_are_taken_out_of_a_quotation():
    assert without_markers("Statins help [12], as shown [3][[4]5].") == "Statins help, as shown."
