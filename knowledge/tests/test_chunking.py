from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from knowledge.services.chunking import TARGET_TOKENS, chunk_page
from voiceassist.files.document import Block, BlockKind, Page


def words(text: str) -> int:
    return len(text.split())


def page_of(*blocks: tuple[BlockKind, str, str]) -> Page:
    """A page of (kind, text, heading) blocks, separated by blank lines."""
    text, made = "", []
    for kind, content, heading in blocks:
        text += "\n\n" if text else ""
        made.append(Block(kind, len(text), len(text) + len(content), 0, (heading,)))
        text += content
    return Page(1, text, tuple(made))


def test_a_passage_never_crosses_a_heading():
    page = page_of((BlockKind.PARAGRAPH, "One.", "First"), (BlockKind.PARAGRAPH, "Two.", "Second"))

    chunks = list(chunk_page(page, words))

    assert [chunk.heading_path for chunk in chunks] == [("First",), ("Second",)]


def test_headings_and_references_are_no_passages():
    page = page_of((BlockKind.HEADING, "Dosing", "Dosing"), (BlockKind.REFERENCE, "1. A. B. 2020.", "References"))

    assert list(chunk_page(page, words)) == []


def test_a_table_row_is_one_sentence():
    page = page_of((BlockKind.TABLE_ROW, "eGFR < 30. No.\tavoid", "Table"))

    (chunk,) = chunk_page(page, words)

    assert chunk.sentences == ((0, len("eGFR < 30. No.\tavoid")),)


@given(st.lists(st.integers(1, 90), min_size=1, max_size=40))
def test_every_sentence_lands_in_exactly_one_passage_of_bounded_length(lengths):
    sentences = [" ".join(["Word"] + ["word"] * (length - 1)) + "." for length in lengths]
    page = page_of((BlockKind.PARAGRAPH, " ".join(sentences), "Section"))

    chunks = list(chunk_page(page, words))

    found = [page.text[c.start + s : c.start + e] for c in chunks for s, e in c.sentences]
    assert found == sentences
    for chunk in chunks:
        assert len(chunk.sentences) == 1 or words(page.text[chunk.start : chunk.end]) <= TARGET_TOKENS
