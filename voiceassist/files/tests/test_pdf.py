import signal
import subprocess
import sys

import pytest

from voiceassist.files.errors import CorruptFile, NoTextFound, TookTooLong, TooManyPages
from voiceassist.files.extraction import pdf
from voiceassist.files.limits import Limits

from .conftest import PROSE, blocks_of, wrapped
from .pdf_writer import PdfPage, pdf_bytes

LEFT = wrapped(PROSE, 45)
RIGHT = wrapped(PROSE.replace("Metformin", "Insulin"), 45)


def text_of(read, *pages, **options):
    return read("a.pdf", pdf_bytes(*pages, **options))[0].pages[0].text


def test_lines_become_paragraphs_parted_by_a_blank_line(read):
    page = PdfPage().lines(72, 700, wrapped(PROSE, 80)).lines(72, 600, ["A second paragraph of text."])
    assert text_of(read, page) == f"{PROSE}\n\nA second paragraph of text."


def test_a_word_parted_at_the_end_of_a_line_is_joined(read):
    lines = ["The treatment of severe hyper-", "tension needs long-term plans and popu-", "lation-based care."]
    assert text_of(read, PdfPage().lines(72, 700, lines)) == (
        "The treatment of severe hypertension needs long-term plans and population-based care."
    )


def test_a_compound_keeps_its_hyphen_at_the_end_of_a_line(read):
    lines = ["Programmes should be evidence-", "based where they can."]
    assert text_of(read, PdfPage().lines(72, 700, lines)) == "Programmes should be evidence-based where they can."


def test_columns_are_read_one_after_the_other(read):
    page = PdfPage().text(72, 740, "A title that spans both columns of the page", size=18)
    page.lines(72, 700, LEFT).lines(330, 697, RIGHT)
    text = text_of(read, page)
    assert text.index("Metformin") < text.index("effects.") < text.index("Insulin")
    assert PROSE in text


def test_headings_are_recognised_by_size_and_weight(read):
    page = PdfPage().text(72, 740, "Diabetes", size=20).text(72, 700, "Treatment", bold=True)
    [document] = read("a.pdf", pdf_bytes(page.lines(72, 680, wrapped(PROSE, 80))))
    assert document.title == "Diabetes"
    assert blocks_of(document, "heading") == ["Diabetes", "Treatment"]
    assert document.pages[0].blocks[-1].heading_path == ("Diabetes", "Treatment")


def test_list_items_are_blocks_without_their_marks(read):
    page = PdfPage().lines(72, 700, wrapped(PROSE, 80)).lines(72, 600, ["\u2022 aspirin", "\u2022 rest"])
    [document] = read("a.pdf", pdf_bytes(page))
    assert blocks_of(document, "list_item") == ["aspirin", "rest"]
    assert document.pages[0].text.endswith("• aspirin\n• rest")


def test_a_justified_line_with_stretched_spaces_is_text(read):
    page = PdfPage().lines(72, 700, ["The committee agreed that the team which looks after", "infections should meet"])
    for x, word in ((72, "every"), (126, "month"), (184, "with"), (230, "nursing"), (288, "staff")):
        page.text(x, 676, word)
    page.lines(72, 664, ["and report what it has found to the board of the house."])
    assert "should meet every month with nursing staff and report" in text_of(read, page)


def test_a_table_keeps_one_row_a_line(read):
    page = PdfPage().lines(72, 740, wrapped(PROSE, 80))
    for row, cells in enumerate((("Drug", "Dose", "Day"), ("amlodipine", "5 mg", "1"), ("lisinopril", "10 mg", "2"))):
        for column, cell in enumerate(cells):
            page.text(72 + 120 * column, 600 - 14 * row, cell)
    [document] = read("a.pdf", pdf_bytes(page))
    assert blocks_of(document, "table_row") == ["Drug\tDose\tDay", "amlodipine\t5 mg\t1", "lisinopril\t10 mg\t2"]
    assert document.pages[0].blocks[-1].heading_path == ("Drug | Dose | Day",)


def test_the_cells_of_a_drawn_table_hold_wrapped_lines(read):
    page = PdfPage()
    for y in (650, 620, 580, 540):
        page.rule(70, y, 470, y)
    for x in (70, 170, 470):
        page.rule(x, 540, x, 650)
    page.text(80, 630, "Scale").text(180, 630, "Description")
    page.lines(80, 605, ["Visual", "analog"]).lines(180, 607, ["A line of fixed length", "with words"])
    page.text(80, 560, "Likert").text(180, 560, "Ordered terms")
    [document] = read("a.pdf", pdf_bytes(page))
    assert blocks_of(document, "table_row") == [
        "Scale\tDescription",
        "Visual analog\tA line of fixed length with words",
        "Likert\tOrdered terms",
    ]


def test_running_headers_footers_and_page_numbers_are_left_out(read):
    pages = [
        PdfPage().text(72, 760, f"Journal of Tests {n}").lines(72, 700, [f"Page body {word}."]).text(300, 30, str(n))
        for n, word in ((4, "one"), (5, "two"), (6, "three"))
    ]
    [document] = read("a.pdf", pdf_bytes(*pages))
    assert [page.text for page in document.pages] == ["Page body one.", "Page body two.", "Page body three."]


def test_text_that_no_reader_sees_is_left_out_and_noted(read):
    page = PdfPage().text(72, 700, "Seen.").text(72, 680, "white", grey=1).text(72, 660, "invisible", mode=3)
    page.text(72, 640, "tiny", size=0.5).text(-300, 600, "outside")
    [document] = read("a.pdf", pdf_bytes(page))
    assert document.pages[0].text == "Seen."
    assert document.metadata["hidden_text_pages"] == [1]


def test_white_text_on_a_dark_ground_is_seen(read):
    page = PdfPage().box(60, 690, 200, 30, grey=0.2).text(72, 700, "Warning", grey=1)
    assert text_of(read, page) == "Warning"


@pytest.mark.parametrize(
    ("embedded", "title"),
    [
        ("Standards of Care", "Standards of Care"),
        ("Microsoft Word - draft.doc", "Diabetes"),
        ("scan_0001", "Diabetes"),
        ("Untitled", "Diabetes"),
        ("", "Diabetes"),
    ],
)
def test_the_embedded_title_counts_only_when_it_reads_like_one(read, embedded, title):
    page = PdfPage().text(72, 740, "Diabetes", size=20).lines(72, 680, wrapped(PROSE, 80))
    assert read("a.pdf", pdf_bytes(page, title=embedded))[0].title == title


def test_without_title_and_heading_the_name_of_the_file_is_the_title(read):
    [document] = read("ward_round.pdf", pdf_bytes(PdfPage().lines(72, 680, wrapped(PROSE, 80))))
    assert document.title == "ward round"


def test_a_scan_without_text_says_so(read):
    with pytest.raises(NoTextFound, match="scan without text, and text recognition is not available yet"):
        read("a.pdf", pdf_bytes(PdfPage().box(0, 0, 612, 792, grey=0.5)))


def test_pages_without_text_stay_and_are_noted(read):
    [document] = read("a.pdf", pdf_bytes(PdfPage().text(72, 700, "Text."), PdfPage(), PdfPage().text(72, 700, "More.")))
    assert [page.text for page in document.pages] == ["Text.", "", "More."]
    assert document.metadata["unreadable_pages"] == [2]


def test_scripts_are_not_run_and_their_presence_is_noted(read):
    script = "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"
    [document] = read("a.pdf", pdf_bytes(PdfPage().text(72, 700, "Text."), extra_catalog=script))
    assert document.pages[0].text == "Text."
    assert document.metadata["active_content"] is True


def test_too_many_pages_are_refused_with_both_numbers(read):
    with pytest.raises(TooManyPages, match="has 3 pages; the limit is 2"):
        read("a.pdf", pdf_bytes(PdfPage(), PdfPage(), PdfPage()), limits=Limits(max_pages=2))


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.7\ntrailer<</Root 1 0 R>>", b"%PDF-1.4" + bytes(5000)])
def test_a_damaged_file_is_named(read, content):
    with pytest.raises(CorruptFile):
        read("a.pdf", content)


@pytest.fixture
def worker(tmp_path, monkeypatch):
    """Put another program in the worker's place."""

    def replace(source):
        path = tmp_path / "worker.py"
        path.write_text(source)
        monkeypatch.setattr(pdf, "WORKER", path)

    return replace


def test_a_hang_of_the_library_ends_with_the_time_budget(read, worker):
    worker("import time\ntime.sleep(60)")
    with pytest.raises(TookTooLong):
        read("a.pdf", pdf_bytes(PdfPage()), limits=Limits(max_seconds=1.0))


def test_a_crash_of_the_library_is_a_damaged_file(read, worker):
    worker(f"import os\nos.kill(os.getpid(), {int(signal.SIGSEGV)})")
    with pytest.raises(CorruptFile):
        read("a.pdf", pdf_bytes(PdfPage()))


def test_an_answer_cut_short_is_a_damaged_file(read, worker):
    worker('print(\'{"page_count": 1, "metadata": {}}\')')
    with pytest.raises(CorruptFile):
        read("a.pdf", pdf_bytes(PdfPage()))


def test_the_worker_sees_no_settings_of_the_server(read, worker, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "kept")
    worker("import os, sys\nsys.exit(3 if 'SECRET_KEY' in os.environ else 4)")
    with pytest.raises(CorruptFile):
        read("a.pdf", pdf_bytes(PdfPage()))
    assert "SECRET_KEY" not in pdf.PASSED_VARIABLES


def test_memory_of_the_worker_is_bounded():
    source = f"import runpy; runpy.run_path({str(pdf.WORKER)!r})['restrict'](10, 512 << 20); bytes(1 << 30)"
    ended = subprocess.run([sys.executable, "-I", "-c", source], capture_output=True, check=False, timeout=30, env={})
    assert b"MemoryError" in ended.stderr
