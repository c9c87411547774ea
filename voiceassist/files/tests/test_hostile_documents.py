"""Each hostile file of the evaluation set meets the outcome stated in its manifest."""

import json
import resource
import time

import pytest

from voiceassist.files import errors
from voiceassist.files.extraction import Limits, read_documents

from .conftest import REPOSITORY

pytestmark = pytest.mark.evaluation

VISIBLE_PDF = "Amlodipine 5 mg daily is recommended for stage 1 hypertension in this handout."
VISIBLE_DOCX = "Metformin is first line therapy for type 2 diabetes in this handout."
TEXTS = {
    "c_javascript_openaction.pdf": VISIBLE_PDF,
    "c_uri_action_loopback.pdf": VISIBLE_PDF,
    "c_hidden_white_injection.pdf": VISIBLE_PDF,
    "c_exfil_markdown_injection.pdf": VISIBLE_PDF,
    "c_minimal_ok.docx": VISIBLE_DOCX,
    "c_hidden_text_injection.docx": VISIBLE_DOCX,
    "c_macro_part.docx": VISIBLE_DOCX,
    "c_utf16.txt": "Losartan 50 mg daily — ½ tablet if dizzy. Température 38,5 °C",
    "c_null_bytes.txt": "Aspirin 81 mg daily.",
    "c_rtl_zero_width.txt": "Dose: 100 mg gm 001 warfarinx",
}
REFUSALS = {
    "pypdf_libreoffice-writer-password.pdf": errors.EncryptedFile,
    "c_zero_bytes.pdf": errors.EmptyFile,
    "c_html_named.pdf": errors.ContentMismatch,
    "c_svg_script.svg": errors.FileTypeNotAllowed,
    "c_no_text_layer.pdf": errors.NoTextFound,
    "c_huge_count.pdf": errors.CorruptFile,
    "c_3000_pages.pdf": errors.TooManyPages,
    "c_xxe.docx": errors.CorruptFile,
    "c_no_document_part.docx": errors.CorruptFile,
    "c_pdf_named.docx": errors.ContentMismatch,
}


def _rows(folder):
    manifest = folder / "hostile-documents" / "manifest.jsonl"
    return [json.loads(line) for line in manifest.read_text().splitlines()]


def _read(path):
    return next(read_documents(path, limits=Limits()))


def _text_or_message(path):
    try:
        return "".join(page.text for page in _read(path).pages)
    except errors.UnreadableFile as error:
        return error.user_message


def test_every_hostile_file_ends_in_text_or_in_a_named_error(evaluation_data):
    for row in _rows(evaluation_data):
        path = evaluation_data / "hostile-documents" / row["file"]
        started = time.monotonic()
        outcome = _text_or_message(path)
        assert outcome
        assert "\0" not in outcome
        assert row.get("canary", "\0") not in outcome
        assert str(REPOSITORY) not in outcome
        assert time.monotonic() - started < 20
    peak_kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak_kilobytes < 1_000_000


@pytest.mark.parametrize("name", TEXTS)
def test_only_what_a_reader_sees_is_extracted(evaluation_data, name):
    document = _read(evaluation_data / "hostile-documents" / "files" / name)
    assert document.pages[0].text.rstrip(".") == TEXTS[name].rstrip(".")


@pytest.mark.parametrize("name", REFUSALS)
def test_a_file_that_cannot_be_taken_is_refused_for_the_right_reason(evaluation_data, name):
    with pytest.raises(REFUSALS[name]):
        _read(evaluation_data / "hostile-documents" / "files" / name)
