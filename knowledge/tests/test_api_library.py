"""Searching and reading the library by the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from knowledge.models import Document, DocumentStatus, Page
from knowledge.services.importing import get_collection

pytestmark = pytest.mark.django_db
SEARCH, SOURCES = "/api/v1/search", "/api/v1/sources"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def filled(take_in, monographs):
    take_in(monographs)


@pytest.fixture
def api(client, author):
    client.force_login(author)
    return client


def search(client, query="How is metformin started?", **more):
    return client.post(SEARCH, {"query": query, **more}, content_type="application/json")


def data(response, status=200):
    assert response.status_code == status, response.content
    return response.json()["data"]


def error(response, status):
    assert response.status_code == status, response.content
    assert response.json()["success"] is False
    return response.json()["error"]


def one(document):
    return f"{SOURCES}/{document.pk}"


# --- Searching ------------------------------------------------------------------


def test_a_search_finds_passages_the_best_first(api, filled):
    results = data(search(api))["results"]

    best = results[0]
    document = Document.objects.get(title="Metformin")
    page = Page.objects.get(document=document, number=best["page"])
    assert (best["document_id"], best["title"], best["type"]) == (str(document.pk), "Metformin", "document")
    assert document.passages.filter(pk=best["chunk_id"]).exists()
    assert best["snippet"].startswith("Metformin is started at 500 mg")
    assert "started at 500 mg" in page.text[slice(*best["span"])]
    assert best["heading_path"][-1] == "Dosing"
    assert (best["url"], best["publication_date"]) == ("https://doi.org/10.1000/metformin", "2024")
    scores = [result["relevance_score"] for result in results]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_search_returns_no_more_than_asked_for(api, filled):
    assert len(data(search(api, limit=2))["results"]) == 2


def test_an_empty_library_has_nothing(api, library):
    assert data(search(api, filters={}))["results"] == []
    assert data(search(api, filters=None))["results"] == []


def test_a_long_passage_is_shown_from_its_nearest_sentence_on(api, take_in, tmp_path):
    filler = "Walking in the park is pleasant on a sunny day. " * 12
    (tmp_path / "long.md").write_text(f"# Long\n\n{filler}Digoxin toxicity is treated with Fab fragments.\n")
    take_in(tmp_path)
    [result, *_] = data(search(api, "digoxin toxicity treatment"))["results"]

    assert result["snippet"].startswith("… Digoxin toxicity")
    assert len(result["snippet"]) <= 300


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("query", "", "blank"),
        ("query", None, "null"),
        ("query", 7, "text"),
        ("query", ["q"], "text"),
        ("query", "x" * 2_001, "2000"),
        ("query", "a\x00b", "NUL"),
        ("query", "\ud800", "urrogate"),
        ("filters", {"specialty": "cardiology"}, "'specialty': ['This filter is not supported yet.']"),
        ("filters", {"x": {"y": [[[]]]}}, "not supported"),
        ("filters", [], "dictionary"),
        ("filters", "specialty", "dictionary"),
        ("limit", 0, "1"),
        ("limit", 51, "50"),
        ("limit", 10**300, "50"),
        ("limit", "5", "whole number"),
        ("limit", 1.5, "whole number"),
    ],
)
def test_a_search_that_does_not_follow_the_contract_is_refused_by_its_field(api, library, field, value, why):
    problem = error(search(api, **{"query": "q", field: value}), 400)

    assert (problem["code"], problem["field"]) == ("VALIDATION_ERROR", field)
    assert why in str(problem["details"])


@pytest.mark.parametrize("body", ["{", "[" * 100_000, "[]", "9" * 5_000])
def test_a_body_that_is_no_search_is_refused(api, body):
    assert error(api.post(SEARCH, body, content_type="application/json"), 400)["code"] == "VALIDATION_ERROR"


def test_searches_are_counted(api, library, monkeypatch):
    monkeypatch.setattr("voiceassist.core.rate_limits.rate_of", lambda scope: (1, 60) if scope == "search" else (9, 60))

    assert search(api).status_code == 200
    assert error(search(api), 429)["code"] == "RATE_LIMITED"


# --- Sources --------------------------------------------------------------------


def test_sources_are_listed_by_title_with_what_is_known_of_them(api, filled):
    response = api.get(SOURCES)

    asthma, metformin = data(response)
    assert response.json()["metadata"]["pagination"] == {"limit": 50, "offset": 0, "total": 2}
    assert asthma["title"] == "Asthma"
    assert (metformin["authors"], metformin["year"], metformin["doi"]) == (
        ["Rena L", "Clear A"],
        2024,
        "10.1000/metformin",
    )
    assert (metformin["url"], metformin["type"]) == ("https://doi.org/10.1000/metformin", "document")
    assert (metformin["page_count"], metformin["is_demonstration"]) == (1, False)
    assert metformin["last_updated"] == metformin["updated_at"]
    assert metformin["updated_at"].endswith("Z")


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("search=METF", ["Metformin"]),
        ("search=%25", []),
        ("search=", ["Asthma", "Metformin"]),
        ("type=document", ["Asthma", "Metformin"]),
        ("type=webpage", []),
        ("limit=1&offset=1", ["Metformin"]),
    ],
)
def test_sources_are_filtered(api, filled, query, titles):
    assert [source["title"] for source in data(api.get(f"{SOURCES}?{query}"))] == titles


@pytest.mark.parametrize("query", ["type=book", "limit=0", "offset=x", "search=%00", f"search={'x' * 201}"])
def test_a_query_that_makes_no_sense_is_refused(api, query):
    assert error(api.get(f"{SOURCES}?{query}"), 400)["code"] == "VALIDATION_ERROR"


def test_one_source_is_returned(api, filled):
    document = Document.objects.get(title="Metformin")

    assert data(api.get(one(document))) == data(api.get(f"{SOURCES}?search=metformin"))[0]


def test_what_is_not_indexed_or_not_of_the_library_is_not_there(api, filled):
    Document.objects.filter(title="Asthma").update(status=DocumentStatus.FAILED)
    Document.objects.filter(title="Metformin").update(collection=get_collection(scope="conversation:1", title="A"))

    assert data(api.get(SOURCES)) == []
    absent = error(api.get(f"{SOURCES}/{NOWHERE}"), 404)
    for document in Document.objects.all():
        assert error(api.get(one(document)), 404) == absent


def test_sources_take_no_more_queries_for_more_of_them(api, filled):
    def count():
        with CaptureQueriesContext(connection) as captured:
            data(api.get(SOURCES))
        return len(captured)

    before = count()
    collection = get_collection()
    for number in range(8):
        Document.objects.create(
            id=f"00000000-0000-4000-8000-00000000000{number}",
            collection=collection,
            title=str(number),
            content_hash=str(number),
            status=DocumentStatus.INDEXED,
        )

    assert count() == before


# --- Doors ----------------------------------------------------------------------


def test_nobody_reads_without_signing_in(client, filled):
    document = Document.objects.get(title="Metformin")
    for response in (search(client), client.get(SOURCES), client.get(one(document))):
        assert error(response, 401)["code"] == "UNAUTHORIZED"


def test_a_user_without_a_role_is_told_so(client, filled, newcomer):
    client.force_login(newcomer)
    document = Document.objects.get(title="Metformin")
    for response in (search(client), client.get(SOURCES), client.get(one(document))):
        assert error(response, 403)["code"] == "FORBIDDEN"
