from voiceassist.files.extraction.pdf_worker import Glyph, Style, restore_ligatures, turn

STYLE = Style(10, "Garamond", bold=False, angle=0, mode=0, white=False, clear=False)


def glyphs(*sized, start=0.0):
    """Return glyphs of given letters and widths, side by side."""
    row, x = [], start
    for text, width in sized:
        row.append(Glyph(text, (x, 0, x + width, 7), 0, STYLE))
        x += width
    return row


def test_a_letter_that_is_far_too_wide_is_a_ligature():
    row = glyphs(*[("i", 2.0), ("n", 5.0)] * 4, ("i", 4.7), ("h", 5.0), ("h", 5.0), ("h", 5.0), ("h", 10.4), ("i", 7.0))
    restore_ligatures(row)
    assert "".join(glyph.text for glyph in row) == "inininin" + "fi" + "hhh" + "Th" + "ffi"


def test_letters_that_share_the_box_of_a_mapped_ligature_stay():
    row = [*glyphs(*[("i", 2.0), ("f", 3.0)] * 4), *glyphs(("f", 4.7), start=90), *glyphs(("i", 4.7), start=90)]
    restore_ligatures(row)
    assert "".join(glyph.text for glyph in row) == "ifififif" + "fi"


def test_text_set_upwards_is_turned_to_read_from_left_to_right():
    lower, _ = turn((100, 10, 108, 15), (107, 10), 90)
    upper, _ = turn((100, 20, 108, 25), (107, 20), 90)
    assert lower[0] < upper[0]
    assert lower[2] - lower[0] == 5
