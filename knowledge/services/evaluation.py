"""Measure retrieval on a set with relevance judgements, through the production path, in a scratch collection."""

from __future__ import annotations

import csv
import gzip
import json
import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, quantiles
from typing import IO

from django.db import connection

from knowledge.models import Collection
from knowledge.queries import hybrid_search
from knowledge.services.importing import ImportReport, get_collection, import_path
from voiceassist.files.limits import Limits

SCRATCH = "scratch:"
DEPTH = 100  # documents ranked for each query
Judgements = dict[str, dict[str, int]]


class BadEvaluationFile(Exception):
    """A queries or judgements file that is not what the data sets' format says."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What one query gave: documents' own ids with scores, best first, and milliseconds spent."""

    query_id: str
    documents: list[tuple[str, float]]
    embed_ms: float
    search_ms: float


@contextmanager
def scratch_collection() -> Iterator[Collection]:
    """Give a collection that is removed again, whatever happens; those of runs that were killed are removed now."""
    _sweep()
    scope = f"{SCRATCH}{uuid.uuid4()}"
    _lock(scope)
    collection = get_collection(scope=scope, title="Evaluation")
    try:
        yield collection
    finally:
        collection.delete()
        _unlock(scope)


def _sweep() -> None:
    """Remove the collections that no run holds: the database lets go of a lock when its holder's connection ends."""
    for collection in Collection.objects.filter(scope__startswith=SCRATCH):
        if _lock(collection.scope):
            collection.delete()
            _unlock(collection.scope)


def _lock(scope: str) -> bool:
    return _ask("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", scope)


def _unlock(scope: str) -> bool:
    return _ask("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", scope)


def _ask(question: str, scope: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, [scope])
        return bool(cursor.fetchone()[0])


def index_corpus(
    *, corpus: Path, collection: Collection, on_progress: Callable[[ImportReport], None]
) -> tuple[ImportReport, float]:
    """Import the corpus and return what was imported, and passages per second."""
    began = time.perf_counter()
    report = import_path(path=corpus, collection=collection, limits=Limits(), on_progress=on_progress)
    return report, report.passages / (time.perf_counter() - began)


def rank(*, query_id: str, text: str, collection: Collection) -> Ranking:
    """Rank documents by their best passage. Time is taken on a search for as many passages as an answer reads."""
    timed = hybrid_search(query=text, scope=collection.scope)
    deep = hybrid_search(query=text, scope=collection.scope, limit=2 * DEPTH)
    best: dict[str, float] = {}
    for passage in deep.passages:
        best.setdefault(passage.external_id, passage.score)
    return Ranking(query_id, list(best.items())[:DEPTH], timed.embed_ms, timed.search_ms)


def measures(rankings: Sequence[Ranking], judgements: Judgements) -> dict[str, float]:
    """Return mean nDCG@10, MRR@10, recall@10, recall@100 and hit@1 over the queries, as trec_eval defines them."""
    pairs = [
        ([document for document, _ in ranking.documents], judgements[ranking.query_id])
        for ranking in rankings
        if judgements.get(ranking.query_id)
    ]
    return {name: round(fmean([one(*pair) for pair in pairs]), 4) if pairs else 0.0 for name, one in MEASURES.items()}


def ndcg(ids: Sequence[str], relevant: Mapping[str, int], depth: int) -> float:
    """Normalised discounted cumulative gain with linear gain (Järvelin & Kekäläinen 2002)."""
    gained = sum(relevant.get(document, 0) / math.log2(place + 2) for place, document in enumerate(ids))
    ideal = sorted(relevant.values(), reverse=True)[:depth]
    best = sum(gain / math.log2(place + 2) for place, gain in enumerate(ideal))
    return gained / best if best else 0.0


def reciprocal_rank(ids: Sequence[str], relevant: Mapping[str, int]) -> float:
    """Return 1 / rank of the first relevant document, 0 without one."""
    return next((1 / (place + 1) for place, document in enumerate(ids) if relevant.get(document, 0) > 0), 0.0)


def recall(ids: Sequence[str], relevant: Mapping[str, int]) -> float:
    """Return the share of the relevant documents that were found."""
    wanted = {document for document, gain in relevant.items() if gain > 0}
    return len(wanted & set(ids)) / len(wanted) if wanted else 0.0


def timings(rankings: Sequence[Ranking]) -> dict[str, float]:
    """Return p50 and p95 in milliseconds of embedding and of searching."""
    return {
        "embed_ms_p50": _percentile([ranking.embed_ms for ranking in rankings], 50),
        "embed_ms_p95": _percentile([ranking.embed_ms for ranking in rankings], 95),
        "search_ms_p50": _percentile([ranking.search_ms for ranking in rankings], 50),
        "search_ms_p95": _percentile([ranking.search_ms for ranking in rankings], 95),
    }


MEASURES: dict[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {
    "ndcg@10": lambda ids, relevant: ndcg(ids[:10], relevant, 10),
    "mrr@10": lambda ids, relevant: reciprocal_rank(ids[:10], relevant),
    "recall@10": lambda ids, relevant: recall(ids[:10], relevant),
    "recall@100": lambda ids, relevant: recall(ids[:100], relevant),
    "hit@1": lambda ids, relevant: float(bool(ids) and relevant.get(ids[0], 0) > 0),
}


def _percentile(values: Sequence[float], percent: int) -> float:
    return round(quantiles([*values, *values[:1]], n=100, method="inclusive")[percent - 1], 2) if values else 0.0


def read_queries(path: Path) -> list[tuple[str, str]]:
    """Return (id, text) of each row. Raises BadEvaluationFile naming the line."""
    queries = []
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
                queries.append((str(row["_id"]), str(row["text"])))
            except (ValueError, KeyError, TypeError) as error:
                raise BadEvaluationFile(f"{path.name}, line {number}: no JSON with “_id” and “text”.") from error
    return queries


def read_judgements(path: Path) -> Judgements:
    """Return the gain of each document for each query, from tab-separated query, document, gain with a header."""
    judgements: Judgements = {}
    with _open(path) as file:
        for number, row in enumerate(csv.reader(file, delimiter="\t"), 1):
            if number == 1 and row and not row[-1].strip().lstrip("-").isdigit():
                continue
            try:
                query, document, gain = row
                judgements.setdefault(query, {})[document] = int(gain)
            except ValueError as error:
                raise BadEvaluationFile(f"{path.name}, line {number}: not query, document, gain.") from error
    return judgements


def _open(path: Path) -> IO[str]:
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
