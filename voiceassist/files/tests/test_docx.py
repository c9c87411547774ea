import io
import zipfile

import docx
import pytest
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from voiceassist.files.errors import CorruptFile, EncryptedFile, FileTooLarge, NoTextFound
from voiceassist.files.limits import Limits

from .conftest import blocks_of


def saved(document):
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def with_member(data, name, content):
    """Return the archive with one member replaced or added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def guideline():
    document = docx.Document()
    document.add_heading("Hypertension", 0)
    document.add_paragraph("Measure twice.")
    document.add_heading("Treatment", 1)
    document.add_paragraph("thiazide", style="List Bullet")
    document.add_paragraph("measure", style="List Number")
    document.add_paragraph("treat", style="List Number")
    table = document.add_table(rows=0, cols=2)
    for cells in (("Drug", "Dose"), ("amlodipine", "5 mg"), ("lisinopril", "10 mg\nonce daily")):
        for cell, text in zip(table.add_row().cells, cells, strict=True):
            cell.text = text
    document.add_heading("References", 1)
    document.add_paragraph("Whelton PK. 2018.")
    document.core_properties.author = "Panel"
    return document


def test_structure_is_kept(read, guideline):
    [document] = read("g.docx", saved(guideline))
    assert document.title == "Hypertension"
    assert blocks_of(document) == [
        ("heading", "Hypertension"),
        ("paragraph", "Measure twice."),
        ("heading", "Treatment"),
        ("list_item", "thiazide"),
        ("list_item", "measure"),
        ("list_item", "treat"),
        ("table_row", "Drug\tDose"),
        ("table_row", "amlodipine\t5 mg"),
        ("table_row", "lisinopril\t10 mg once daily"),
        ("heading", "References"),
        ("reference", "Whelton PK. 2018."),
    ]
    assert "• thiazide\n1. measure\n2. treat\n\nDrug\tDose\namlodipine\t5 mg" in document.pages[0].text


def test_a_table_row_carries_its_header(read, guideline):
    [document] = read("g.docx", saved(guideline))
    rows = [block for block in document.pages[0].blocks if block.kind == "table_row"]
    assert [row.heading_path for row in rows[:2]] == [("Treatment",), ("Treatment", "Drug | Dose")]


def test_an_explicit_page_break_begins_a_page(read):
    document = docx.Document()
    document.add_paragraph("one").add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("two").paragraph_format.page_break_before = False
    document.add_paragraph("three").paragraph_format.page_break_before = True
    [result] = read("a.docx", saved(document))
    assert result.pages[0].text == "one"
    assert result.pages[-1].text == "three"


def test_hidden_deleted_and_invisible_text_is_left_out(read):
    document = docx.Document()
    paragraph = document.add_paragraph("Seen.")
    paragraph.add_run(" marked hidden").font.hidden = True
    paragraph.add_run(" white").font.color.rgb = RGBColor(255, 255, 255)
    paragraph.add_run(" tiny").font.size = Pt(1)
    deleted = OxmlElement("w:del")
    deleted.append(paragraph.add_run(" deleted")._element)
    paragraph._element.append(deleted)
    [result] = read("a.docx", saved(document))
    assert result.pages[0].text == "Seen."
    assert result.metadata["hidden_text"] is True


def test_white_text_on_shading_is_seen(read):
    document = docx.Document()
    run = document.add_paragraph().add_run("Banner")
    run.font.color.rgb = RGBColor(255, 255, 255)
    shading = OxmlElement("w:shd")
    shading.set(qn("w:fill"), "000080")
    run._element.get_or_add_rPr().append(shading)
    assert read("a.docx", saved(document))[0].pages[0].text == "Banner"


def test_text_in_links_and_content_controls_is_kept(read):
    document = docx.Document()
    paragraph = document.add_paragraph("See ")
    link = OxmlElement("w:hyperlink")
    link.append(paragraph.add_run("the guideline")._element)
    paragraph._element.append(link)
    assert read("a.docx", saved(document))[0].pages[0].text == "See the guideline"


def test_macros_are_noted_and_not_run(read, guideline):
    [document] = read("a.docx", with_member(saved(guideline), "word/vbaProject.bin", b"x"))
    assert document.metadata["macros"] is True


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_declaration_is_refused(read, guideline, encoding):
    attack = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a/>'
    with pytest.raises(CorruptFile, match="entities"):
        read("a.docx", with_member(saved(guideline), "word/document.xml", attack.encode(encoding)))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(read, guideline):
    with pytest.raises(FileTooLarge, match="packed far more tightly"):
        read("a.docx", with_member(saved(guideline), "word/media/x.xml", b"\0" * 50_000_000))


def test_a_document_that_unpacks_beyond_the_limit_is_refused(read, guideline):
    with pytest.raises(FileTooLarge, match="unpacked"):
        read("a.docx", saved(guideline), limits=Limits(max_unpacked_bytes=1000))


def test_a_locked_member_means_a_password(read, guideline):
    data = bytearray(saved(guideline))
    start = data.index(b"PK\x01\x02")
    data[start + 8] |= 1
    with pytest.raises(EncryptedFile):
        read("a.docx", bytes(data))


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_cut_document_is_damaged(read, guideline, share):
    data = saved(guideline)
    with pytest.raises(CorruptFile):
        read("a.docx", data[: int(len(data) * share)])


@pytest.mark.parametrize("xml", [b"<w:document", b"<a/>", b""])
def test_a_document_with_a_broken_body_is_damaged(read, guideline, xml):
    with pytest.raises((CorruptFile, NoTextFound)):
        read("a.docx", with_member(saved(guideline), "word/document.xml", xml))


def test_an_archive_of_something_else_is_no_document(read):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(CorruptFile, match="holds no Word document"):
        read("a.docx", buffer.getvalue())


def test_an_empty_document_holds_no_text(read):
    with pytest.raises(NoTextFound):
        read("a.docx", saved(docx.Document()))
