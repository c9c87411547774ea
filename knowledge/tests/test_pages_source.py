from itertools import pairwise

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from knowledge.contexts.bibliography import title_block
from knowledge.contexts.pages import NOWHERE, find_span, page_blocks, split_page

TEXT = "Dosing\n\nStart low. Go slow.\n\n• First\n• Second item\n\nDose\tAge\n5 mg\tadult\n2 mg\n\nThe end."
BLOCKS = [
    ["heading", 0, 6, 1, ["Dosing"]],
    ["paragraph", 8, 27, 0, ["Dosing"]],
    ["list_item", 31, 36, 1, ["Dosing"]],
    ["list_item", 39, 50, 1, ["Dosing"]],
    ["table_row", 52, 60, 0, ["Dosing"]],
    ["table_row", 61, 71, 0, ["Dosing", "Dose | Age"]],
    ["table_row", 72, 76, 0, ["Dosing", "Dose | Age"]],
    ["paragraph", 78, 86, 0, ["Dosing"]],
]


def joined(parts):
    return "".join(part.lead + part.text for part in parts)


def marked(parts, name):
    segments = [segment for part in parts for cell in part.cells for segment in cell]
    return "".join(segment.text for segment in segments if getattr(segment, name))


def test_the_segments_of_a_page_are_its_text():
    assert joined(split_page(TEXT, BLOCKS, passage=(8, 27), quote=(19, 27))) == TEXT


def test_the_highlighted_part_is_the_quoted_text():
    parts = split_page(TEXT, BLOCKS, passage=(8, 27), quote=(19, 27))

    assert marked(parts, "in_quote") == TEXT[19:27] == "Go slow."
    assert marked(parts, "in_passage") == TEXT[8:27]


@given(
    text=st.text(alphabet="ab \t\n.", max_size=60),
    cuts=st.lists(st.integers(-2, 64), max_size=8),
    quote=st.tuples(st.integers(0, 60), st.integers(0, 60)),
)
def test_no_text_is_lost_whatever_the_blocks_say(text, cuts, quote):
    kinds = ["table_row", "list_item", "paragraph"]
    blocks = [[kinds[i % 3], a, b, 1, []] for i, (a, b) in enumerate(pairwise(cuts))]

    parts = split_page(text, blocks, quote=quote)

    assert joined(parts) == text[: len(joined(parts))]
    assert not text[len(joined(parts)) :].strip()
    shown = "".join(part.text for part in parts).replace("\t", "")
    if quote[0] < quote[1] <= len(text):
        assert "".join(marked(parts, "in_quote").split()) in "".join(text[slice(*quote)].split())
    assert set(shown) <= set(text)


def test_without_blocks_blank_lines_part_paragraphs():
    parts = split_page("One\nline.\n\nTwo.", [])

    assert [(part.kind, part.text) for part in parts] == [("paragraph", "One\nline."), ("paragraph", "Two.")]


def test_the_quote_begins_once():
    parts = split_page(TEXT, BLOCKS, quote=(52, 71))

    starts = [segment.text for part in parts for cell in part.cells for segment in cell if segment.starts_quote]
    assert starts == ["Dose"]


def test_rows_form_a_table_with_its_header_and_even_rows():
    table = next(block for block in page_blocks(split_page(TEXT, BLOCKS)) if block.kind == "table")

    assert [row.is_header for row in table.rows] == [True, False, False]
    assert {len(row.cells) for row in table.rows} == {2}


def test_list_items_form_one_list_with_their_markers():
    blocks = page_blocks(split_page(TEXT, BLOCKS))

    (listed,) = [block for block in blocks if block.kind == "list"]
    assert [item.marker for item in listed.items] == ["•", "•"]


def test_a_heading_that_repeats_the_title_is_not_shown_twice():
    kinds = [block.kind for block in page_blocks(split_page(TEXT, BLOCKS), title="Dosing")]

    assert "heading" not in kinds


@pytest.mark.parametrize(
    ("start", "expected", "found"),
    [(8, "Start low.", (8, 18)), (3, "Start low.", (8, 18)), (8, "Nowhere to be found", NOWHERE), (0, "", NOWHERE)],
)
def test_a_quotation_is_found_where_it_is_now(start, expected, found):
    assert find_span(TEXT, start=start, end=start + len(expected), expected=expected) == found


def test_the_title_block_of_an_article_reads_as_a_reference():
    block = title_block(
        title="A trial",
        bibliography={
            "authors": [f"Author {n}" for n in range(8)],
            "journal": "N Engl J Med",
            "year": 2011,
            "volume": "365",
            "issue": "11",
            "pages": "981-992",
            "doi": "10.1056/x",
            "pmid": "218",
        },
    )

    assert block.authors.endswith("Author 5, et al.")
    assert block.published == "N Engl J Med. 2011;365(11):981-992"
    assert [link.url for link in block.links] == [
        "https://doi.org/10.1056/x",
        "https://pubmed.ncbi.nlm.nih.gov/218/",
    ]
    assert block.reference.endswith("A trial. N Engl J Med. 2011;365(11):981-992. doi:10.1056/x")


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_only_web_addresses_become_links(url):
    assert title_block(title="A", bibliography={"url": url}).links == ()


def test_a_demonstration_source_names_what_it_was_drawn_from():
    block = title_block(
        title="Apixaban",
        bibliography={
            "demonstration": True,
            "follows": "CHEST 2021",
            "reviewed": "2026-11-01",
            "references": [{"title": "ARISTOTLE", "authors": ["Granger CB"], "et_al": True, "doi": "10.1/x"}],
        },
    )

    assert block.is_demonstration
    assert (block.follows, block.year) == ("Follows CHEST 2021 · reviewed 2026-11-01", "2026")
    assert block.works[0].reference == "Granger CB, et al. ARISTOTLE."
    assert block.works[0].links[0].url == "https://doi.org/10.1/x"


FIELDS = ["authors", "year", "reviewed", "follows", "journal", "volume", "issue", "pages", "doi", "pmid", "url"]
KEYS = st.sampled_from([*FIELDS, "title", "references", "et_al", "demonstration"]) | st.text(max_size=3)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["http://", "https:///x"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(bibliography=JSON | st.dictionaries(KEYS, JSON))
def test_whatever_is_stored_as_bibliography_is_shown(bibliography):
    block = title_block(title="A trial", bibliography=bibliography)

    assert "A trial" in render_to_string("knowledge/_title_block.html", {"block": block})


@pytest.mark.parametrize(
    ("authors", "shown"),
    [("Smith J", "Smith J. T."), (5, "5. T."), ({"a": 1}, "T."), ([None, ["x"], "B C"], "B C. T.")],
)
def test_authors_of_any_shape_are_read_as_names_or_left_out(authors, shown):
    block = title_block(title="A", bibliography={"references": [{"title": "T", "authors": authors}]})

    assert [work.reference for work in block.works] == [shown]
