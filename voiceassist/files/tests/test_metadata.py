import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceassist.files.extraction.metadata import MAX_FIELD_CHARACTERS, MAX_ITEMS, normalise_metadata

KEYS = ["authors", "author", "year", "date", "journal", "doi", "pmid", "url", "references", "keywords", "follows"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_a_year_that_is_none_leaves_the_date_to_tell_it():
    assert normalise_metadata({"year": "soon", "date": 1500}) == {"year": 1500, "date": 1500}


@given(st.dictionaries(st.sampled_from(KEYS) | st.text(), JSON))
def test_whatever_a_file_says_the_known_keys_have_their_shapes(raw):
    found = normalise_metadata(raw)

    json.dumps(found, allow_nan=False)
    for facts in [found, *found.get("references", [])]:
        assert all(isinstance(name, str) for name in facts.get("authors", []))
        assert isinstance(facts.get("year", 0), int)
        assert isinstance(facts.get("doi", ""), str)
        assert normalise_metadata(facts) == facts


@pytest.mark.parametrize(
    ("references", "kept"),
    [
        ([{"title": "T", "authors": 5}], [{"title": "T"}]),
        ([{"title": "T", "authors": "Smith J"}], [{"title": "T", "authors": ["Smith J"]}]),
        ([{"title": "T", "references": [{"title": "U"}]}], [{"title": "T"}]),
        (["Smith J. T. 2020.", 7, None, [], {}], [{"title": "Smith J. T. 2020."}]),
        ({"title": "T"}, None),
    ],
)
def test_references_are_mappings_of_the_same_shape(references, kept):
    assert normalise_metadata({"references": references}).get("references") == kept


def test_sizes_are_bounded():
    found = normalise_metadata(
        {"authors": ["A" * 5000] * 5000, "journal": "J" * 5000, "other": list(range(5000)), "year": 1 << 40000}
    )

    assert len(found["authors"]) == len(found["other"]) == MAX_ITEMS
    assert len(found["authors"][0]) == len(found["journal"]) == MAX_FIELD_CHARACTERS
    assert "year" not in found
