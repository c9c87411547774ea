from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from knowledge.models import Document, LexicalEntry
from knowledge.queries import hybrid_search
from knowledge.ranking import BEST_POSSIBLE, DOCUMENT_SHARE, LEXICAL_SHARE, SENTENCE_WEIGHT, best_sentence_cosine
from knowledge.services.importing import get_collection, import_path
from knowledge.services.limits import library_limits
from knowledge.services.statistics import refresh_statistics
from voiceassist.ai.embedding import embed_texts


def best(query: str, scope: str = "library"):
    return hybrid_search(query=query, scope=scope, limit=5).passages[0]


def test_a_question_finds_the_passage_that_answers_it(take_in, monographs):
    take_in(monographs)

    assert "eGFR is below 30" in best("Can metformin be given in kidney failure?").text
    assert "Prednisolone 40 mg" in best("steroid dose for an asthma attack").text


def test_a_found_passage_says_where_it_stands(take_in, monographs):
    take_in(monographs)

    found = best("metformin starting dose")

    assert (found.title, found.page_number, found.heading_path[-1]) == ("Metformin", 1, "Dosing")
    assert found.bibliography["year"] == 2024
    assert found.sentence_vectors.shape == (len(found.sentences), 384)
    assert 0 < found.score <= 1


@pytest.mark.parametrize("query", ["", "the of and", "?!", "'; DROP TABLE knowledge_passage; --", "α≥30", "x" * 5000])
def test_odd_queries_find_something_or_nothing_but_never_fail(take_in, monographs, query):
    take_in(monographs)

    hybrid_search(query=query, limit=5)


def test_an_empty_library_finds_nothing(library):
    assert hybrid_search(query="metformin").passages == []


def test_collections_do_not_see_each_other(take_in, monographs):
    take_in(monographs)
    other = get_collection(scope="conversation:1", title="Attachments")

    assert hybrid_search(query="metformin", scope=other.scope).passages == []

    import_path(path=monographs / "asthma.md", collection=other, limits=library_limits())
    assert {passage.title for passage in hybrid_search(query="metformin", scope=other.scope).passages} == {"Asthma"}


def test_a_search_takes_the_same_number_of_queries_however_much_there_is(
    take_in, monographs, django_assert_num_queries
):
    take_in(monographs / "asthma.md")
    with django_assert_num_queries(4):  # savepoint, settings, search, release
        hybrid_search(query="metformin")
    take_in(monographs)
    with django_assert_num_queries(4):
        hybrid_search(query="metformin")


def bm25f(terms: list[tuple[float, int, int]], body_length: int) -> float:
    """BM25F by hand: (idf, occurrences in the body, in the title), k1 .9, b .4, title weight 5, nominal length 80."""
    total = 0.0
    for idf, body, title in terms:
        tf = body + 5 * title
        total += idf * tf * 1.9 / (tf + 0.9 * (1 - 0.4 + 0.4 * body_length / 80))
    return total


def test_the_lexical_score_is_bm25f(library):
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT -(knowledge_term_weights(knowledge_terms('Warfarin', 'Warfarin dose and warfarin target'), 80) <#> "
            "('{' || least(knowledge_term_id('warfarin'), knowledge_term_id('dose')) || ':1,' || "
            "greatest(knowledge_term_id('warfarin'), knowledge_term_id('dose')) || ':1}/1000000000')::sparsevec)"
        )
        (score,) = cursor.fetchone()
    refresh_statistics(collection=library, now=now)

    assert score == pytest.approx(bm25f([(1, 2, 1), (1, 1, 0)], body_length=4), abs=1e-3)


def test_removing_documents_lowers_the_statistics(take_in, monographs, library):
    take_in(monographs)
    Document.objects.filter(title="Asthma").delete()
    refresh_statistics(collection=library, now=timezone.now())

    library.refresh_from_db()
    assert library.passage_count == LexicalEntry.objects.count() == 2
    assert not library.terms.filter(lexeme="asthma").exists()


@pytest.mark.parametrize(
    ("question", "lexemes"),
    [
        ("statin muscle pain", 3),
        ("statin muscle pain common adults cholesterol report often harmless tolerated usually middle", 12),
    ],
)
def test_the_words_of_a_question_count_less_the_longer_it_is_but_never_nothing(take_in, tmp_path, question, lexemes):
    text = "# Note\n\nMuscle pain under a statin is common in adults with high cholesterol."
    (tmp_path / "statin.md").write_text(text, encoding="utf-8")
    take_in(tmp_path)

    found = best(question)

    dense = found.cosine * (1 + DOCUMENT_SHARE)
    nearest = SENTENCE_WEIGHT * best_sentence_cosine(found.sentence_vectors, embed_texts([question])[0])
    lexical = found.score * BEST_POSSIBLE - dense - nearest
    assert lexical == pytest.approx(LEXICAL_SHARE * min(1, 8 / lexemes), abs=0.01)
