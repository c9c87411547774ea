"""Real and generated documents of the evaluation set against their truth."""

import json
import re
import unicodedata
from xml.etree import ElementTree as ET

import pytest

from voiceassist.files.errors import NoTextFound
from voiceassist.files.extraction import Limits, read_documents

from .conftest import blocks_of

pytestmark = pytest.mark.evaluation

GENERATED = ("gen_0_insomnia", "gen_1_holes_in_the_heart", "gen_2_hyperthyroidism")


@pytest.fixture(scope="module")
def documents(evaluation_data):
    known = {}

    def get(name):
        if name not in known:
            known[name] = next(read_documents(evaluation_data / "documents" / "files" / name, limits=Limits()))
        return known[name]

    return get


def words(text):
    return unicodedata.normalize("NFC", " ".join(text.split()))


@pytest.mark.parametrize("name", GENERATED)
@pytest.mark.parametrize(("ending", "key"), [("pdf", "text"), ("docx", "docx_text")])
def test_generated_documents_are_read_without_an_error(evaluation_data, documents, name, ending, key):
    truth = json.loads((evaluation_data / "documents" / "truth" / f"{name}.json").read_text())
    document = documents(f"{name}.{ending}")
    text = words(" ".join(page.text for page in document.pages))
    assert document.title == truth["title"]
    assert blocks_of(document, "heading") == [truth["title"], *(section["heading"] for section in truth["sections"])]
    for section in truth["sections"]:
        assert words(section.get(key, section["text"])) in text
    assert blocks_of(document, "table_row") == ["\t".join(row) for row in truth["table"]]
    assert " - page " not in text


def test_answers_stand_in_the_text_of_the_page_they_name(evaluation_data, documents):
    rows = (evaluation_data / "documents" / "doc_qa.jsonl").read_text().splitlines()
    answerable = [row for row in map(json.loads, rows) if row["answerable"]]
    for row in answerable:
        page = documents(row["file"].removeprefix("files/")).pages[row["page"] - 1]
        answer = set(re.findall(r"\w+", row["answer"].lower()))
        found = answer & set(re.findall(r"\w+", page.text.lower()))
        assert len(found) >= 0.8 * len(answer), row["id"]


@pytest.mark.parametrize("name", ["mmwr_chdir2011_p4-6", "fda_pro_guidance_excerpt"])
def test_cells_of_published_tables_are_kept(evaluation_data, documents, name):
    pages = documents(f"{name}.pdf").pages
    tables = ET.parse(evaluation_data / "documents" / "tables" / f"{name}.icdar-str.xml")  # noqa: S314 - our own data
    cells = {
        (int(region.get("page")), re.sub(r"\W", "", cell.findtext("content")))
        for region in tables.iter("region")
        for cell in region.iter("cell")
    }
    kept = {
        (page.number, re.sub(r"\W", "", cell))
        for page in pages
        for line in page.text.split("\n")
        for cell in line.split("\t")
    }
    assert len(cells & kept) >= 0.97 * len(cells)


@pytest.mark.parametrize(
    "name", ["docling_ocr_test.pdf", "scan_o0_lvl0.pdf", "scan_o2_lvl2.pdf", "scan_o4_lvl0_rot90.pdf"]
)
def test_scans_say_that_they_hold_no_text(documents, name):
    with pytest.raises(NoTextFound, match="scan"):
        documents(name)


def test_running_lines_of_a_long_guideline_are_gone(documents):
    document = documents("who_ipc_core_components_2016_excerpt.pdf")
    assert len(document.pages) == 45
    text = "\n".join(page.text for page in document.pages)
    assert "National and Acute Health Care Facility Level 3" not in text
    assert "Core component 1: Infection prevention and control programmes" in text
