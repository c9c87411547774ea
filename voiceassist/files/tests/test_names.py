import json

import pytest

from voiceassist.files.names import display_name, storage_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\x\\report.docx", "report.docx"),
        ("lab\u202efdp.exe", "lab fdp.exe"),
        ("a\x00b\nc.pdf", "a b c.pdf"),
        ("", "unnamed file"),
        ("..", "unnamed file"),
        ("\u200b\u200b", "unnamed file"),
        ("Überweisung – März.pdf", "Überweisung – März.pdf"),
    ],
)
def test_a_display_name_has_no_folders_and_no_invisible_characters(given, shown):
    assert display_name(given) == shown


def test_a_long_name_keeps_its_ending():
    shown = display_name("a" * 300 + ".pdf")
    assert len(shown) <= 120
    assert shown.endswith(".pdf")


@pytest.mark.parametrize(
    ("given", "stored"),
    [("CON", "_CON"), ("nul.pdf", "_nul.pdf"), (".htaccess", "htaccess"), ("<img src=x>.pdf", "_img src=x_.pdf")],
)
def test_a_storage_name_is_safe_on_any_file_system(given, stored):
    assert storage_name(given) == stored


@pytest.mark.evaluation
def test_hostile_upload_names_are_tamed(evaluation_data):
    rows = (evaluation_data / "hostile-documents" / "upload_names.jsonl").read_text().splitlines()
    for name in (json.loads(row)["upload_name"] for row in rows):
        stored = storage_name(name)
        assert stored
        assert not set(stored) & set('/\\<>:"|?*\0\n')
        assert not stored.startswith(".")
        assert len(stored) <= 121
