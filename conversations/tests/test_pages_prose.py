import pytest

from conversations.contexts.prose import Marker, Support, render, supports

MARKERS = {1: Marker(1, "/c/1/", "Citation 1: Metformin, page 2"), 2: Marker(2, "/c/2/", "Citation 2: Gout, page 1")}


def html(text, marks=()):
    return str(render(text, markers=MARKERS, marks=marks))


def test_a_marker_becomes_a_link_with_a_name():
    page = html("Start low. [1]")

    assert 'aria-label="Citation 1: Metformin, page 2"' in page
    assert 'href="/c/1/"' in page
    assert "[1]" not in page


def test_a_marker_without_a_citation_stays_text():
    assert "[7]" in html("Start low. [7]")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "![x](https://evil.example/x.png)",
        "<https://evil.example>",
        "**<b onclick=x>**",
    ],
)
def test_an_answer_brings_no_markup_links_or_images(text):
    page = html(text)

    for tag in ("<script", "<img", "<a ", "<b "):
        assert tag not in page


def test_a_title_cannot_break_out_of_the_name():
    page = str(render("A [1]", markers={1: Marker(1, "/c/", 'Citation 1: "><script>x</script>')}))

    assert "<script>" not in page


def test_private_use_characters_in_an_answer_are_harmless():
    assert "cite" not in html("\ue000m1\ue001 text")


def test_every_sentence_gets_its_mark_and_its_extent():
    text = "First one. [1] Second one. [2]"
    page = html(text, [Support(0, 10, "supported", ""), Support(15, 26, "none", "the number 5 is missing")])

    assert page.count('class="sentence"') == 2
    assert 'aria-label="Sentence 1: Supported by this passage."' in page
    assert 'aria-label="Sentence 2: No support found. The number 5 is missing"' in page
    assert "First one.</span>" in page
    assert "\ue000" not in page


def test_a_mark_at_a_list_item_or_heading_leaves_the_markdown_intact():
    text = "## Dose\n\n- Take one. [1]\n- Take two."
    marks = [Support(0, 7, "related", ""), Support(9, 24, "supported", ""), Support(25, 36, "none", "")]
    page = html(text, marks)

    assert page.count("<li>") == 2
    assert "<h3>" in page
    assert page.count('class="support support-') == 3


def test_a_sentence_that_ends_inside_bold_text_still_gets_its_mark():
    page = html("**One. Two** more.", [Support(2, 6, "related", ""), Support(7, 18, "related", "")])

    assert page.count("support-related") == 2
    assert page.count("<strong>") == page.count("</strong>") == 1


def test_the_cells_of_a_quoted_row_stay_apart():
    assert "Stage 2 · 140 or higher" in html("Stage 2\t140 or higher [1]")


def test_rows_that_make_no_sense_are_left_out():
    rows = [[0, 5, "supported", ""], [5, 5, "none", ""], [0, 4, "verified", ""], ["0", 3, "none", ""]]

    assert [support.verdict for support in supports(rows)] == ["supported"]


def test_a_mark_beyond_the_text_is_left_out():
    assert "support" not in html("Short.", [Support(0, 50, "none", "")])
