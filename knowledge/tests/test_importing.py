from __future__ import annotations

import errno
import json
import os

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError

from knowledge.models import Document, Embedding, LexicalEntry, Page, Passage, TermStatistic
from knowledge.services import importing
from knowledge.services.importing import ImportFailed


def snapshot():
    """Everything that indexing writes, in a form that can be compared."""
    return (
        list(Document.objects.order_by("id").values_list("id", "title", "content_hash", "status")),
        list(Passage.objects.order_by("id").values_list("id", "start", "end", "text", "sentences")),
        [(e.passage_id, e.vector, bytes(e.sentence_vectors)) for e in Embedding.objects.order_by("passage")],
        list(LexicalEntry.objects.order_by("passage").values_list("passage_id", "terms")),
        list(TermStatistic.objects.order_by("lexeme").values_list("lexeme", "frequency")),
    )


def test_a_folder_is_imported_with_pages_passages_and_bibliography(take_in, monographs):
    report = take_in(monographs)

    assert (report.documents, report.problems) == (2, [])
    metformin = Document.objects.get(title="Metformin")
    assert metformin.bibliography["doi"] == "10.1000/metformin"
    assert metformin.bibliography["authors"] == ["Rena L", "Clear A"]
    assert metformin.passages.count() == 2


def test_a_passage_is_exactly_its_slice_of_the_page(take_in, monographs):
    take_in(monographs)

    for passage in Passage.objects.select_related("page"):
        assert passage.page.text[passage.start : passage.end] == passage.text
        assert passage.sentence_spans()[0][0] == 0
        assert passage.sentence_spans()[-1][1] == len(passage.text)


def test_reference_lists_are_shown_on_the_page_but_never_found(take_in, monographs):
    take_in(monographs)

    page = Page.objects.get(document__title="Metformin")
    assert "Clear A. Metformin. 2024" in page.text
    assert not Passage.objects.filter(text__contains="Clear A").exists()


def test_importing_again_changes_nothing(take_in, monographs):
    take_in(monographs)
    before = snapshot()

    report = take_in(monographs)

    assert (report.documents, report.unchanged) == (0, 2)
    assert snapshot() == before


def test_the_same_file_gives_the_same_ids_after_it_was_removed(take_in, monographs):
    take_in(monographs)
    before = snapshot()

    Document.objects.all().delete()
    take_in(monographs)

    assert snapshot() == before


def test_one_bad_file_does_not_stop_the_others(take_in, monographs):
    (monographs / "empty.pdf").write_bytes(b"")
    (monographs / "program.exe").write_bytes(b"MZ\x90")

    report = take_in(monographs)

    assert report.documents == 2
    assert len(report.problems) == 2
    assert "empty.pdf" in report.problems[0]
    assert "program.exe" in report.problems[1]


def test_a_bad_row_is_named_and_the_others_are_taken(take_in, tmp_path):
    rows = [json.dumps({"_id": "1", "title": "Aspirin", "text": "Aspirin prevents platelet aggregation."}), "{broken"]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows), encoding="utf-8")

    report = take_in(tmp_path / "rows.jsonl")

    assert report.documents == 1
    assert Document.objects.get().external_id == "1"
    assert "2" in report.problems[0]


def test_a_full_disk_is_named_and_leaves_earlier_data_as_it_was(take_in, monographs, tmp_path, monkeypatch):
    take_in(monographs)
    before = snapshot()
    (tmp_path / "new.md").write_text("# Aspirin\n\nAspirin is given at 81 mg daily.", encoding="utf-8")

    def no_space(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(default_storage, "save", no_space)
    with pytest.raises(ImportFailed, match=r"new\.md.*No space left on device.*is kept"):
        take_in(tmp_path / "new.md")

    assert snapshot() == before


def test_a_database_that_goes_away_is_named_and_a_later_run_continues(take_in, monographs, monkeypatch):
    def gone(**_kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patched:
        patched.setattr(importing, "write_documents", gone)
        with pytest.raises(ImportFailed, match=r"asthma\.md.*server closed the connection"):
            take_in(monographs)

    assert take_in(monographs).documents == 2
