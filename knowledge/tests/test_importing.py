from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import InterfaceError, OperationalError, connection

from knowledge.management.commands import import_documents
from knowledge.models import Collection, Document, Embedding, LexicalEntry, Page, Passage, TermStatistic
from knowledge.queries import hybrid_search
from knowledge.services import importing, indexing, originals
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


def test_an_import_that_had_to_stop_counts_what_it_wrote(take_in, library, monographs, monkeypatch):
    real = importing.write_documents

    def gone_after_the_first(**kwargs):
        if Document.objects.exists():
            raise OperationalError("server closed the connection unexpectedly")
        return real(**kwargs)

    monkeypatch.setattr(importing, "write_documents", gone_after_the_first)
    with pytest.raises(ImportFailed):
        take_in(monographs)

    library.refresh_from_db()
    assert library.passage_count == Passage.objects.count() > 0
    assert TermStatistic.objects.filter(lexeme="asthma").exists()


def test_statistics_left_stale_are_counted_by_the_next_import(take_in, library, monographs):
    take_in(monographs)
    Collection.objects.update(passage_count=0)
    TermStatistic.objects.all().delete()

    take_in(monographs)

    library.refresh_from_db()
    assert library.passage_count == Passage.objects.count()
    assert TermStatistic.objects.exists()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENOENT])
def test_a_file_that_cannot_be_opened_does_not_stop_the_others(take_in, monographs, monkeypatch, number):
    def fail_on_asthma(path, *args, **kwargs):
        if path.name == "asthma.md":
            raise OSError(number, os.strerror(number))
        return real(path, *args, **kwargs)

    real = Path.open
    monkeypatch.setattr(Path, "open", fail_on_asthma)
    report = take_in(monographs)

    assert report.documents == 1
    assert [problem[:12] for problem in report.problems] == ["“asthma.md” "]


def test_a_file_that_fails_while_it_is_kept_does_not_stop_the_others(take_in, monographs, monkeypatch):
    class Failing(originals._Source):
        def read(self, *_args):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(originals, "_Source", Failing)
    report = take_in(monographs)

    assert (report.documents, len(report.problems)) == (0, 2)
    assert "Input/output error" in report.problems[0]
    assert [path for path in Path(default_storage.location).rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_listed_is_named_and_pipes_are_left_out(take_in, monographs, monkeypatch):
    os.mkfifo(monographs / "pipe.md")
    (monographs / "closed").mkdir()
    (monographs / ".hidden").mkdir()
    (monographs / ".hidden" / "draft.md").write_text("# Draft\n\nNot ready.")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    report = take_in(monographs)

    assert report.documents == 2
    assert len(report.problems) == 1
    assert "“closed” is a folder that may not be read" in report.problems[0]


def words(count: int) -> str:
    """Text of that many different words, ten to a sentence."""
    made = [f"wo{''.join(chr(97 + int(digit)) for digit in str(number))}x" for number in range(count)]
    return ". ".join(" ".join(made[at : at + 10]) for at in range(0, count, 10))


def test_a_long_text_of_many_different_words_is_found_to_its_end(take_in, tmp_path):
    (tmp_path / "long.txt").write_text(f"{words(20_000)}. Metformin is stopped before contrast.", encoding="utf-8")

    report = take_in(tmp_path / "long.txt")

    assert (report.documents, report.problems) == (1, [])
    assert Page.objects.count() > 10
    assert "contrast" in hybrid_search(query="metformin before contrast").passages[0].text


@pytest.mark.django_db
def test_of_a_page_with_too_many_words_the_heaviest_count():
    with connection.cursor() as cursor:
        cursor.execute("SELECT knowledge_term_weights(knowledge_terms('metformin', %s), 150)::text", [words(20_000)])
        (stored,) = cursor.fetchone()
        cursor.execute("SELECT knowledge_term_id('metformin')")
        (term,) = cursor.fetchone()

    entries = stored.strip("{}").partition("}")[0].split(",")
    assert len(entries) == 4000
    assert any(entry.startswith(f"{term}:") for entry in entries)


@pytest.fixture
def refusing(monkeypatch):
    """Make the database refuse documents with a title as PostgreSQL would."""

    def refuse(title, sql):
        real = indexing._write_embeddings

        def write(collection, passages):
            if any(source.lexical_title.startswith(title) for _, source in passages):
                with connection.cursor() as cursor:
                    cursor.execute(sql)
            real(collection, passages)

        monkeypatch.setattr(indexing, "_write_embeddings", write)

    return refuse


TOO_LONG = "SELECT to_tsvector('simple', (SELECT string_agg(md5(n::text), ' ') FROM generate_series(1, 50000) AS n))"
RAISE = "DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{}'; END $$"


@pytest.mark.parametrize(
    ("sql", "cause"),
    [(TOO_LONG, "too large for the search index"), (RAISE.format("22P05"), "a value that the database cannot store")],
)
def test_a_document_that_the_database_refuses_does_not_stop_the_others(take_in, monographs, refusing, sql, cause):
    refusing("Asthma", sql)

    report = take_in(monographs)

    assert list(Document.objects.values_list("title", flat=True)) == ["Metformin"]
    assert len(report.problems) == 1
    assert "asthma.md" in report.problems[0]
    assert cause in report.problems[0]
    kept = [path.name for path in Path(default_storage.location).rglob("*") if path.is_file()]
    assert kept == [Document.objects.get().content_hash]


def test_a_record_that_the_database_refuses_does_not_stop_its_file(take_in, tmp_path, refusing):
    rows = [{"_id": f"r{n}", "title": f"Title {n}", "text": "Aspirin prevents platelet aggregation."} for n in range(5)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    refusing("Title 3", TOO_LONG)

    report = take_in(tmp_path / "rows.jsonl")

    assert (report.documents, len(report.problems)) == (4, 1)
    assert "“rows.jsonl” has a record “r3” that is too large" in report.problems[0]


def test_a_full_disk_of_the_database_stops_the_import(take_in, monographs, refusing):
    refusing("Asthma", RAISE.format("53100"))

    with pytest.raises(ImportFailed, match=r"asthma\.md.*refused"):
        take_in(monographs)


@pytest.mark.parametrize("lost", [OperationalError("connection refused"), InterfaceError("connection is closed")])
def test_the_command_names_a_database_that_is_not_there(monographs, monkeypatch, lost):
    def gone(*_args, **_kwargs):
        raise lost

    monkeypatch.setattr(import_documents, "get_collection", gone)
    with pytest.raises(CommandError, match=f"“monographs”: {lost}"):
        call_command("import_documents", monographs)
