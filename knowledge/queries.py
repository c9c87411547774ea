"""Reads: hybrid retrieval in one SQL statement."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from knowledge.aspects import asks_for_definition, expansion
from knowledge.jobs import INDEX_DOCUMENT
from knowledge.metrics import SEARCH_SECONDS
from knowledge.models import LIBRARY, Document, DocumentStatus, Page, Passage
from knowledge.ranking import (
    DOCUMENT_SHARE,
    FULL_SHARE_UP_TO,
    LEXICAL_SHARE,
    PAGE_SHARE,
    Features,
    second_pass,
)
from voiceassist.ai.embedding import embedder
from voiceassist.core.models import Job

FloatArray = npt.NDArray[np.float32]

CANDIDATES = 100  # of each kind
SECOND_PASS = 50  # passages looked at more closely
RARE_SHARE = 0.1  # lexemes join the candidate query while their frequencies add up to this share of the collection
SHORTEST_START = 4  # letters: an unknown word this long, such as "azithro", is completed from the collection
EXPANSION_WEIGHT = 0.3  # of the idf of a word that was not asked for
OPENING = 400  # characters
OF_A_JOB = ("id", "status", "stage", "done", "total", "error")


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A passage with its scores.

    `start` and `end` are offsets in the page's text, `sentences` in the passage's; `sentence_vectors` has shape
    (sentences, dimension). `cosine` and `bm25` are absolute; `score` (0–1) ranks within one search only.
    `page_text` is filled by `with_page_texts`.
    """

    passage_id: uuid.UUID
    document_id: uuid.UUID
    external_id: str
    title: str
    bibliography: dict[str, Any]
    page_number: int
    start: int
    end: int
    heading_path: tuple[str, ...]
    text: str
    sentences: tuple[tuple[int, int], ...]
    sentence_vectors: FloatArray
    cosine: float
    bm25: float
    score: float
    page_text: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages, best first, with the query's vector and what the search cost in milliseconds."""

    passages: list[FoundPassage]
    query_vector: FloatArray
    embed_ms: float
    search_ms: float


_SEARCH = """
WITH home AS (SELECT id, greatest(passage_count, 1)::float8 AS n FROM knowledge_collection WHERE scope = %(scope)s),
typed AS (SELECT lexeme, true AS own FROM unnest(knowledge_words(%(query)s))),
completed AS (
    SELECT known.lexeme, true FROM home, typed
    CROSS JOIN LATERAL (
        SELECT longer.lexeme FROM knowledge_termstatistic AS longer
        WHERE longer.collection_id = home.id AND starts_with(longer.lexeme, typed.lexeme)
        ORDER BY longer.frequency DESC, longer.lexeme LIMIT 3
    ) AS known
    WHERE length(typed.lexeme) >= %(shortest_start)s AND NOT EXISTS (
        SELECT FROM knowledge_termstatistic AS exact
        WHERE exact.collection_id = home.id AND exact.lexeme = typed.lexeme
    )
),
asked AS (
    SELECT * FROM typed
    UNION SELECT * FROM completed
    UNION ALL
    SELECT stem, false FROM unnest(%(expansion)s::text[]) AS stem WHERE stem NOT IN (SELECT lexeme FROM typed)
),
words AS (
    SELECT asked.lexeme, own, knowledge_term_id(asked.lexeme) AS term, coalesce(frequency, 0) AS df,
           knowledge_idf(n, coalesce(frequency, 0)) * CASE WHEN own THEN 1 ELSE %(expansion_weight)s END AS weight, n
    FROM home CROSS JOIN asked
    LEFT JOIN knowledge_termstatistic AS known ON known.collection_id = home.id AND known.lexeme = asked.lexeme
),
running AS (SELECT *, sum(df) OVER (ORDER BY df, lexeme) - df AS before FROM words WHERE own),
query AS (
    SELECT string_agg(quote_literal(lexeme), ' | ')
               FILTER (WHERE before = 0 OR before + df <= n * %(rare_share)s)::tsquery AS rare,
           (SELECT ('{' || string_agg(term || ':' || weight, ',' ORDER BY term) || '}/1000000000')::sparsevec
            FROM (SELECT term, sum(weight) AS weight FROM words GROUP BY term) AS summed) AS weights,
           %(share)s * least(1.0, %(full_share)s::float8 / greatest(count(*), 1)) AS share
    FROM running
),
lexical AS MATERIALIZED (
    SELECT passage_id, -(weights <#> (SELECT weights FROM query)) AS bm25
    FROM knowledge_lexicalentry
    WHERE collection_id = (SELECT id FROM home) AND terms @@ (SELECT rare FROM query)
    ORDER BY bm25 DESC, passage_id LIMIT %(candidates)s
),
dense AS MATERIALIZED (
    SELECT passage_id FROM knowledge_embedding
    WHERE model = %(model)s AND collection_id = (SELECT id FROM home)
    ORDER BY vector <=> %(vector)s::halfvec LIMIT %(candidates)s
),
candidates AS (SELECT passage_id FROM lexical UNION SELECT passage_id FROM dense),
scored AS (
    SELECT passage_id, passage.document_id AS owner, terms, sentence_vectors,
           1 - (vector <=> %(vector)s::halfvec) AS cosine,
           coalesce(-(entry.weights <#> (SELECT weights FROM query)), 0) AS bm25,
           coalesce(-(page.weights <#> (SELECT weights FROM query)), 0) AS page_bm25
    FROM candidates
    JOIN knowledge_embedding USING (passage_id)
    JOIN knowledge_lexicalentry AS entry USING (passage_id)
    JOIN knowledge_passage AS passage ON passage.id = passage_id
    JOIN knowledge_page AS page ON page.id = page_id
    WHERE model = %(model)s
),
fused AS (
    SELECT *, cosine + %(document_share)s * avg(cosine) OVER (PARTITION BY owner)
              + (SELECT share FROM query) * (
                    %(page_share)s * page_bm25 / greatest(max(page_bm25) OVER (), 1e-6)
                    + (1 - %(page_share)s) * bm25 / greatest(max(bm25) OVER (), 1e-6)
                ) AS fusion
    FROM scored
    ORDER BY fusion DESC, passage_id LIMIT %(limit)s
)
SELECT passage.id AS passage_id, document.id AS document_id, external_id, title, bibliography,
       page.number AS page_number, passage.start, passage."end", heading_path, passage.text, sentences,
       sentence_vectors, cosine, bm25, fusion, coalesce(title_coverage, 0) AS title_coverage
FROM fused
JOIN knowledge_passage AS passage ON passage.id = passage_id
JOIN knowledge_document AS document ON document.id = passage.document_id
JOIN knowledge_page AS page ON page.id = page_id
CROSS JOIN home
LEFT JOIN LATERAL (
    SELECT sum(idf) FILTER (WHERE EXISTS (SELECT FROM running WHERE running.lexeme = rated.lexeme)) / sum(idf)
               AS title_coverage
    FROM (SELECT word.lexeme, knowledge_idf(n, coalesce(frequency, 0)) AS idf
          FROM unnest(ts_filter(terms, '{a}')) AS word
          LEFT JOIN knowledge_termstatistic AS known
                 ON known.collection_id = home.id AND known.lexeme = word.lexeme) AS rated
) AS covered ON true
ORDER BY fusion DESC, passage.id
"""


def hybrid_search(*, query: str, scope: str = LIBRARY, limit: int = 10) -> SearchResult:
    """Find the passages of a collection that fit a question, best first.

    Lexical candidates by GIN over the rarest lexemes, scored by BM25F; dense candidates from HNSW; both fused by
    cosine + α · bm25 / max(bm25) (Bruch et al. 2023, "An Analysis of Fusion Functions"); then a second pass over the
    best fifty by title coverage and the nearest sentence.
    """
    began = time.perf_counter()
    vector = embedder().embed([query])[0]
    embedded = time.perf_counter()
    rows = _search(query=query, vector=vector, scope=scope, limit=max(limit, SECOND_PASS))
    passages = _ranked(rows, query, vector)[:limit]
    ended = time.perf_counter()
    SEARCH_SECONDS.labels("embed").observe(embedded - began)
    SEARCH_SECONDS.labels("find").observe(ended - embedded)
    return SearchResult(passages, vector, (embedded - began) * 1000, (ended - embedded) * 1000)


def _search(*, query: str, vector: FloatArray, scope: str, limit: int) -> list[dict[str, Any]]:
    parameters: dict[str, Any] = {
        "query": query,
        "expansion": expansion(query),
        "shortest_start": SHORTEST_START,
        "expansion_weight": EXPANSION_WEIGHT,
        "vector": "[" + ",".join(f"{value:.6f}" for value in vector) + "]",
        "model": embedder().name,
        "scope": scope,
        "limit": limit,
        "candidates": CANDIDATES,
        "rare_share": RARE_SHARE,
        "share": LEXICAL_SHARE,
        "full_share": FULL_SHARE_UP_TO,
        "page_share": PAGE_SHARE,
        "document_share": DOCUMENT_SHARE,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.ef_search = 100")
        cursor.execute(_SEARCH, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _ranked(rows: list[dict[str, Any]], query: str, vector: FloatArray) -> list[FoundPassage]:
    """Score the best rows again; those past the second pass keep their order behind them."""
    for row in rows:
        row["sentence_vectors"] = _unpack(row["sentence_vectors"])
    features = [_features(row) for row in rows]
    scores = second_pass(features=features, query_vector=vector, asks_definition=asks_for_definition(query))
    order = sorted(
        range(len(rows)), key=lambda place: (place >= SECOND_PASS, -scores[place], rows[place]["passage_id"])
    )
    return [_found(rows[place], scores[place]) for place in order]


def _unpack(stored: bytes) -> FloatArray:
    return np.frombuffer(stored, dtype=np.float16).astype(np.float32).reshape(-1, embedder().dimension)


def _features(row: dict[str, Any]) -> Features:
    return Features(
        fusion=row["fusion"],
        title=row["title"],
        title_coverage=row["title_coverage"],
        opening=row["text"][:OPENING],
        sentence_vectors=row["sentence_vectors"],
    )


def _found(row: dict[str, Any], score: float) -> FoundPassage:
    offsets = row["sentences"]
    return FoundPassage(
        passage_id=row["passage_id"],
        document_id=row["document_id"],
        external_id=row["external_id"],
        title=row["title"],
        bibliography=json.loads(row["bibliography"]),
        page_number=row["page_number"],
        start=row["start"],
        end=row["end"],
        heading_path=tuple(row["heading_path"]),
        text=row["text"],
        sentences=tuple(zip(offsets[::2], offsets[1::2], strict=True)),
        sentence_vectors=row["sentence_vectors"],
        cosine=row["cosine"],
        bm25=row["bm25"],
        score=score,
    )


def with_page_texts(result: SearchResult) -> SearchResult:
    """Add to each passage the text of the page around it."""
    keys = [passage.passage_id for passage in result.passages]
    texts = dict(Passage.objects.filter(pk__in=keys).values_list("pk", "page__text"))
    passages = [replace(passage, page_text=texts.get(passage.passage_id, "")) for passage in result.passages]
    return replace(result, passages=passages)


def library_documents() -> QuerySet[Document]:
    """Return the indexed documents that every user with a role may read."""
    return Document.objects.filter(collection__scope=LIBRARY, status=DocumentStatus.INDEXED)


def with_progress(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Add `page_count`, `passage_count`, and of the newest job `job_id`, `job_status`, `job_stage`, `job_done` …."""
    newest = Job.objects.filter(kind=INDEX_DOCUMENT, subject_id=OuterRef("pk")).order_by("-created_at", "id")
    return documents.annotate(
        page_count=_count_of(Page),
        passage_count=_count_of(Passage),
        **{f"job_{name}": Subquery(newest.values(name)[:1]) for name in OF_A_JOB},
    )


def matching_sources(*, search: str = "") -> QuerySet[Document]:
    """Return the documents that users may read, with `page_count`; `search` is looked for in titles."""
    found = library_documents().annotate(page_count=_count_of(Page))
    return found.filter(title__icontains=search) if search else found


def curated_documents(*, search: str = "", status: str = "") -> QuerySet[Document]:
    """Return every document of the library with its progress; `search` is looked for in titles and file names."""
    found = with_progress(Document.objects.filter(collection__scope=LIBRARY))
    if search:
        found = found.filter(Q(title__icontains=search) | Q(file_name__icontains=search))
    return found.filter(status=status) if status else found


def indexing_jobs(*, status: str = "") -> QuerySet[Job]:
    """Return the jobs that index documents, newest first, whoever asked for them."""
    jobs = Job.objects.filter(kind=INDEX_DOCUMENT)
    return jobs.filter(status=status) if status else jobs


def _count_of(rows: type[Page | Passage]) -> Coalesce:
    """Count a document's rows by themselves: joined, pages and passages would multiply."""
    mine = rows.objects.filter(document=OuterRef("pk")).order_by().values("document")
    return Coalesce(Subquery(mine.annotate(number=Count("pk")).values("number")), 0)
