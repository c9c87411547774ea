from __future__ import annotations

import gzip
import io
import json
from contextlib import closing

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from knowledge.models import Collection, Document
from knowledge.services import evaluation
from knowledge.services.evaluation import Ranking, measures, ndcg, recall, reciprocal_rank, scratch_collection
from knowledge.services.importing import get_collection
from knowledge.services.scorecard import write_row

CORPUS = [
    {"_id": "met", "title": "Metformin", "text": "Metformin lowers blood glucose in type 2 diabetes."},
    {"_id": "war", "title": "Warfarin", "text": "Warfarin prevents stroke in atrial fibrillation."},
]


@pytest.fixture
def data_set(tmp_path):
    with gzip.open(tmp_path / "corpus.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in CORPUS)
    (tmp_path / "queries.jsonl").write_text(json.dumps({"_id": "q1", "text": "a drug for high blood glucose"}) + "\n")
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tmet\t1\n")
    return tmp_path


def evaluate(folder, **options) -> dict[str, float]:
    out = io.StringIO()
    files = {"corpus": folder / "corpus.jsonl.gz", "queries": folder / "queries.jsonl", "qrels": folder / "qrels.tsv"}
    call_command("eval_retrieval", **files, stdout=out, stderr=io.StringIO(), **options)
    return json.loads(out.getvalue())


@pytest.mark.django_db
def test_the_figures_come_as_one_json_object_and_nothing_stays_behind(data_set):
    figures = evaluate(data_set)

    assert (figures["ndcg@10"], figures["hit@1"], figures["documents"], figures["queries"]) == (1.0, 1.0, 2, 1)
    assert {"mrr@10", "recall@10", "recall@100", "embed_ms_p50", "search_ms_p50", "search_ms_p95"} <= set(figures)
    assert figures["passages_per_s"] > 0
    assert not Document.objects.exists()
    assert not Collection.objects.exists()


@pytest.mark.django_db
def test_the_ranking_is_written_as_a_run_file(data_set, tmp_path):
    evaluate(data_set, out=tmp_path / "run.tsv")

    first = (tmp_path / "run.tsv").read_text().splitlines()[0].split("\t")
    assert first[:4] == ["q1", "Q0", "met", "1"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("queries.jsonl", "{broken\n", "queries.jsonl, line 1"), ("qrels.tsv", "q\td\ts\nq1 met\n", "qrels.tsv, line 2")],
)
def test_a_file_of_another_format_is_named_with_its_line(data_set, name, content, said):
    (data_set / name).write_text(content)

    with pytest.raises(CommandError, match=said):
        evaluate(data_set)
    assert not Collection.objects.exists()


@pytest.mark.django_db
def test_what_a_killed_run_left_is_removed_and_a_run_under_way_is_left_alone(data_set):
    get_collection(scope="scratch:dead")
    get_collection(scope="scratch:alive")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended('scratch:alive', 0))")
        evaluate(data_set)
    finally:
        other.close()

    assert [collection.scope for collection in Collection.objects.all()] == ["scratch:alive"]


@pytest.mark.django_db
def test_a_run_holds_its_own_collection():
    other = connection.copy()
    with scratch_collection() as collection, closing(other), other.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [collection.scope])
        assert cursor.fetchone() == (False,)


@pytest.mark.django_db
def test_a_database_that_is_not_there_is_named_with_the_corpus(data_set, monkeypatch):
    def gone(*_args, **_kwargs):
        raise OperationalError("connection refused\n\tIs the server running?")

    monkeypatch.setattr(evaluation, "get_collection", gone)
    with pytest.raises(CommandError, match=r"“corpus\.jsonl\.gz” stopped: connection refused Is the server running\?"):
        evaluate(data_set)


def test_ndcg_is_that_of_trec_eval():
    # gains 2 at rank 1 and 1 at rank 3, ideal 2 then 1: (2 + 1/2) / (2 + 1/log2(3))
    assert ndcg(["a", "x", "b"], {"a": 2, "b": 1}, 10) == pytest.approx(2.5 / 2.6309, abs=1e-4)
    assert ndcg(["x"], {"a": 1}, 10) == 0


def test_recall_and_reciprocal_rank():
    assert recall(["a", "x"], {"a": 1, "b": 2, "c": 0}) == 0.5
    assert reciprocal_rank(["x", "a"], {"a": 1}) == 0.5
    assert reciprocal_rank(["x"], {"a": 1}) == 0


def test_queries_without_judgements_do_not_count():
    rankings = [Ranking("q1", [("a", 1.0)], 1, 1), Ranking("q2", [("b", 1.0)], 1, 1)]

    assert measures(rankings, {"q1": {"a": 1}})["ndcg@10"] == 1.0


def test_a_scorecard_row_replaces_its_own_and_leaves_the_page_alone(tmp_path):
    page = tmp_path / "scorecard.md"
    write_row(name="scifact", figures={"ndcg@10": 0.7}, path=page)
    page.write_text(page.read_text() + "\nA note.\n")
    write_row(name="medquad", figures={"ndcg@10": 0.71}, path=page)
    write_row(name="scifact", figures={"ndcg@10": 0.74}, path=page)

    text = page.read_text()
    assert text.count("| scifact | 0.74 |") == 1
    assert "| medquad | 0.71 |" in text
    assert "0.7 |" not in text
    assert text.rstrip().endswith("A note.")
