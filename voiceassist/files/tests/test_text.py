import pytest

from voiceassist.files.errors import CorruptFile, NoTextFound

from .conftest import PROSE, blocks_of, wrapped


def test_paragraphs_are_parted_by_blank_lines(read):
    [document] = read("ward_notes.txt", "First paragraph.\n\n\n  \nSecond paragraph.\n")
    assert document.title == "ward notes"
    assert document.pages[0].text == "First paragraph.\n\nSecond paragraph."
    assert blocks_of(document, "paragraph") == ["First paragraph.", "Second paragraph."]


def test_lines_broken_by_a_program_run_on(read):
    [document] = read("a.txt", "\n".join(wrapped(PROSE, 72)))
    assert document.pages[0].text == PROSE


def test_short_lines_stay_lines(read):
    [document] = read("a.txt", "BP: 120/80\nHR: 70\n")
    assert document.pages[0].text == "BP: 120/80\nHR: 70"


def test_list_items_are_blocks_without_their_marks(read):
    [document] = read("a.txt", "Take:\n- aspirin 81 mg\n- metformin\n  500 mg\n1. rest")
    assert document.pages[0].text == "Take:\n\n• aspirin 81 mg\n• metformin 500 mg\n1. rest".replace("•", "-")
    assert blocks_of(document, "list_item") == ["aspirin 81 mg", "metformin 500 mg", "rest"]


def test_a_form_feed_ends_a_page(read):
    [document] = read("a.txt", "one\ftwo")
    assert [(page.number, page.text) for page in document.pages] == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_text_is_decoded_without_a_mark(read, encoding):
    [document] = read("a.txt", "½ tablet at 38,5 °C".encode(encoding))
    assert document.pages[0].text == "½ tablet at 38,5 °C"


def test_other_text_is_read_as_windows_1252_and_says_so(read):
    [document] = read("a.txt", "Müller’s sign".encode("cp1252"))
    assert document.pages[0].text == "Müller’s sign"
    assert document.metadata == {"encoding": "cp1252", "odd_characters": ["ü", "’"]}


def test_damaged_utf16_is_an_error(read):
    with pytest.raises(CorruptFile):
        read("a.txt", b"\xff\xfea\x00\x00\xd8b\x00")


def test_a_file_of_blanks_holds_no_text(read):
    with pytest.raises(NoTextFound):
        read("a.txt", " \n\t\n")


def test_hidden_characters_are_removed_and_counted(read):
    [document] = read("a.txt", "10\u200b0 mg")
    assert document.pages[0].text == "100 mg"
    assert document.metadata == {"hidden_characters_removed": 1}
