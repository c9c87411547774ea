"""The demonstration base: loaded once in full, whatever stops it on the way."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from knowledge.models import Collection, Document
from knowledge.queries import hybrid_search
from knowledge.services import demonstration, importing
from knowledge.services.demonstration import MONOGRAPHS, load_demonstration
from knowledge.services.importing import ImportFailed, ImportReport

pytestmark = pytest.mark.django_db
ALL = len(list(MONOGRAPHS.glob("*.md")))


class Killed(BaseException):
    """As `kill -9`: nothing runs after it."""


@pytest.fixture
def stop_after(monkeypatch):
    """Make the writing of the document after the given number raise."""

    def stop(count, error):
        real = importing.write_documents

        def write(**kwargs):
            if Document.objects.count() >= count:
                raise error
            return real(**kwargs)

        monkeypatch.setattr(importing, "write_documents", write)

    return stop


def load() -> ImportReport:
    return load_demonstration(on_progress=lambda _report: None)


def test_a_first_start_that_was_killed_is_finished_by_the_next(stop_after, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(importing, "refresh_statistics", lambda **_: None)
        stop_after(3, Killed())
        with pytest.raises(Killed):
            load()
    monkeypatch.undo()

    report = load()

    assert (report.unchanged, report.documents) == (3, ALL - 3)
    library = Collection.objects.get()
    assert library.statistics_at
    assert library.passage_count > ALL
    assert hybrid_search(query="first-line treatment of gout").passages[0].title.startswith("Gout")


def test_statistics_that_were_never_counted_are_counted_by_the_next_start(monkeypatch):
    def killed(**_kwargs):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(importing, "refresh_statistics", killed)
        with pytest.raises(Killed):
            load()

    assert load().documents == 0
    assert Collection.objects.get().passage_count > ALL


def test_a_first_start_that_had_to_stop_is_finished_by_the_next(stop_after, monkeypatch):
    stop_after(2, OperationalError("the server is gone"))
    with pytest.raises(ImportFailed):
        load()
    monkeypatch.undo()

    assert load().documents == ALL - 2


def test_what_a_curator_removed_does_not_come_back():
    load()
    Document.objects.exclude(pk=Document.objects.first().pk).delete()

    assert load() == ImportReport()


def test_a_library_with_documents_of_its_own_gets_none(take_in, monographs):
    take_in(monographs)

    assert load() == ImportReport()
    assert not Document.objects.filter(is_demonstration=True).exists()


def test_monographs_are_one_page_each(monkeypatch):
    monkeypatch.setattr(
        demonstration, "embed_with_spans", lambda texts, _spans: [] if not texts else pytest.fail("embedded")
    )
    load()

    assert {document.pages.count() for document in Document.objects.all()} == {1}
