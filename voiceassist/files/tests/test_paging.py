from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceassist.files.extraction.building import MAX_TITLE_CHARACTERS, PageBuilder
from voiceassist.files.extraction.paging import MAX_CHARACTERS

from .conftest import PROSE, blocks_of


def sections(count, paragraphs=4):
    body = "\n\n".join([PROSE] * paragraphs)
    return "\n\n".join(f"## Section {number}\n\n{body}" for number in range(count))


def test_a_document_that_fits_stays_one_page(read):
    [document] = read("a.md", sections(7))
    assert MAX_CHARACTERS * 0.6 < len(document.pages[0].text) <= MAX_CHARACTERS
    assert len(document.pages) == 1


def test_a_long_document_is_cut_before_headings_and_loses_nothing(read):
    [document] = read("a.md", "# Drugs\n\n" + sections(40))

    assert [page.number for page in document.pages] == list(range(1, len(document.pages) + 1))
    assert all(MAX_CHARACTERS / 2 < len(page.text) <= MAX_CHARACTERS for page in document.pages[:-1])
    assert all(page.text.startswith("Section ") for page in document.pages[1:])
    assert blocks_of(document, "heading") == ["Drugs", *(f"Section {number}" for number in range(40))]
    assert blocks_of(document, "paragraph") == [PROSE] * 160
    assert document.pages[1].blocks[1].heading_path[0] == "Drugs"


def test_headings_reach_over_the_cut(read):
    [document] = read("a.md", "# Drugs\n\n" + "\n\n".join([PROSE] * 60))
    assert len(document.pages) > 1
    assert {block.heading_path for page in document.pages for block in page.blocks} == {("Drugs",)}


def test_a_heading_is_never_left_alone_at_the_end_of_a_page():
    builder = PageBuilder()
    builder.paragraph("a" * (MAX_CHARACTERS // 3))
    builder.heading("Dosing", 1)
    builder.paragraph("b" * (MAX_CHARACTERS - 100))
    first, second = builder.finish()
    assert first.text == "a" * (MAX_CHARACTERS // 3)
    assert second.text.startswith("Dosing\n\nb")


@pytest.mark.parametrize("parted_by", ["\n", ". ", " ", ""])
def test_a_block_longer_than_a_page_is_cut_where_it_hurts_least(parted_by):
    word = "metformin"
    builder = PageBuilder()
    builder.paragraph(parted_by.join([word] * 5000))
    pages = builder.finish()

    assert len(pages) > 3
    assert all(0 < len(page.text) <= MAX_CHARACTERS for page in pages)
    assert sum(page.text.count("m") for page in pages) == 10000
    if parted_by:
        assert sum(page.text.count(word) for page in pages) == 5000


@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_text_and_records_are_cut_alike(read, name):
    text = "\n\n".join([PROSE] * 60)
    [document] = read(name, text if name == "a.txt" else f'{{"_id": "1", "text": "{PROSE} {PROSE * 50}"}}')
    assert len(document.pages) > 1
    assert all(len(page.text) <= MAX_CHARACTERS for page in document.pages)


def test_a_chapter_marked_as_heading_does_not_weigh_on_all_below_it():
    builder = PageBuilder()
    builder.heading(PROSE * 100, 1)
    builder.table_header([PROSE * 100, "Dose"])
    builder.table_row(["metformin", "500 mg"])
    pages = builder.finish()

    assert sum(page.text.count(PROSE) for page in pages) > 190
    assert max(len("".join(block.heading_path)) for page in pages for block in page.blocks) <= 2 * MAX_TITLE_CHARACTERS


def test_a_source_with_pages_of_its_own_keeps_them():
    builder = PageBuilder(keep_pages=True)
    builder.paragraph(PROSE * 100)
    builder.paragraph(PROSE)
    [page] = builder.finish()
    assert len(page.blocks) == 2


KINDS = st.sampled_from(["heading", "paragraph", "list_item"])


@given(st.lists(st.tuples(KINDS, st.integers(1, MAX_CHARACTERS * 2)), min_size=1, max_size=12))
def test_every_block_is_on_some_page_as_it_was_written(written):
    builder = PageBuilder()
    for kind, length in written:
        text = "x" * length
        builder.heading(text, 1) if kind == "heading" else getattr(builder, kind)(text)
    pages = builder.finish()

    blocks = [(block, page.text[block.start : block.end]) for page in pages for block in page.blocks]
    assert sum(len(text) for _, text in blocks) == sum(length for _, length in written)
    assert all(block.end - block.start == len(text) for block, text in blocks)
    assert all(page.blocks for page in pages)
    assert blocks[0][0].kind == written[0][0]
