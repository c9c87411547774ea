"""What an answer rests on, by the API: the citation, and the page it comes from as it is now."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from conversations.models import Citation, Message
from conversations.services import answers
from conversations.services.conversations import create_conversation
from conversations.tests.conftest import DOSE, METFORMIN
from knowledge.models import Document, Page
from knowledge.queries import hybrid_search
from knowledge.services.removing import remove_document

pytestmark = pytest.mark.django_db(transaction=True)
NOWHERE = "00000000-0000-4000-8000-000000000000"
QUOTE = "Metformin is started at 500 mg once daily with the evening meal [7]."


def cite(answer, number=1):
    """Cite the sentence that says where metformin is started."""
    passage = next(found for found in hybrid_search(query=DOSE).passages if QUOTE in found.text)
    start = passage.text.index(QUOTE)
    return answers.add_citation(answer_id=answer.pk, number=number, passage=passage, span=(start, start + len(QUOTE)))


@pytest.fixture
def answer(library, author):
    conversation = create_conversation(by=author)
    question = Message.objects.create(conversation=conversation, role="user", content=DOSE)
    return Message.objects.create(conversation=conversation, parent=question, role="assistant", content="Start [1].")


@pytest.fixture
def citation(answer):
    return cite(answer)


@pytest.fixture
def api(client, author):
    client.force_login(author)
    return client


def citations_of(message):
    return f"/api/v1/messages/{message.pk}/citations"


def source_of(citation):
    return f"/api/v1/citations/{citation.pk}/source"


def data(response):
    assert response.status_code == 200, response.content
    return response.json()["data"]


def test_a_citation_has_every_field_of_the_contract(api, answer, citation):
    Citation.objects.update(
        bibliography={**citation.bibliography, "journal": "J Sugar", "volume": 7, "pmid": "123", "doi": "10.1/x"}
    )
    [found] = data(api.get(citations_of(answer)))

    document = Document.objects.get(title="Metformin")
    page = Page.objects.get(document=document, number=found["page"])
    assert found["id"] == str(citation.pk)
    assert (found["number"], found["source_type"]) == (1, "document")
    assert found["source_id"] == found["document_id"] == str(document.pk)
    assert (found["title"], found["authors"], found["publication_date"]) == ("Metformin", ["Rena L", "Clear A"], "2024")
    assert (found["journal"], found["volume"], found["issue"], found["pages"]) == ("J Sugar", "7", "", "")
    assert (found["doi"], found["pmid"], found["url"]) == ("10.1/x", "123", "https://doi.org/10.1/x")
    assert 0 <= found["relevance_score"] <= 100
    assert page.text[slice(*found["span"])] == found["quoted_text"] == QUOTE
    assert QUOTE in found["context"]
    assert found["heading_path"][-1] == "Dosing"


def test_earlier_clients_find_the_names_that_they_know(api, answer, citation):
    Citation.objects.update(quoted_text="word " * 100, bibliography={"pmid": 123, "year": 2024, "journal": "J Sugar"})
    [found] = data(api.get(citations_of(answer)))

    assert (found["year"], found["source"], found["pubmed_id"]) == (2024, "J Sugar", "123")
    assert len(found["excerpt"]) <= 200
    assert found["excerpt"].endswith("word…")


@pytest.mark.parametrize(
    "bibliography",
    [
        {},
        [],
        "x",
        7,
        {"authors": {"a": 1}, "year": [1], "url": "javascript:alert(1)", "pmid": "x/../", "doi": {}},
    ],
)
def test_a_bibliography_of_any_shape_is_shown_as_far_as_it_makes_sense(api, answer, citation, bibliography):
    Citation.objects.update(bibliography=bibliography)
    [found] = data(api.get(citations_of(answer)))

    assert (found["authors"], found["year"], found["url"], found["doi"]) == ([], None, "", "")
    assert found["source"] == "Metformin"


def test_a_question_has_no_citations(api, answer):
    assert data(api.get(citations_of(answer.parent))) == []


def test_the_cited_page_shows_where_quotation_and_passage_stand(api, citation):
    found = data(api.get(source_of(citation)))

    spans = {span["kind"]: found["page_text"][span["start"] : span["end"]] for span in found["spans"]}
    assert spans == {"quote": QUOTE, "passage": citation.context}
    assert (found["title"], found["page"], found["document_exists"]) == ("Metformin", citation.page_number, True)


def test_a_page_that_moved_is_read_again(api, citation):
    page = citation.passage.page
    page.text = f"A new line.\n\n{page.text}"
    page.save()
    found = data(api.get(source_of(citation)))

    spans = {span["kind"]: found["page_text"][span["start"] : span["end"]] for span in found["spans"]}
    assert spans["quote"] == QUOTE


def test_a_page_that_reads_differently_has_no_places(api, citation):
    Page.objects.update(text="Something else.")
    found = data(api.get(source_of(citation)))

    assert (found["page_text"], found["spans"]) == ("Something else.", [])
    assert found["quoted_text"] == QUOTE


def test_a_citation_outlives_its_source(api, answer, citation, curator):
    remove_document(document=citation.document, by=curator)
    found = data(api.get(source_of(citation)))
    [listed] = data(api.get(citations_of(answer)))

    assert (found["document_exists"], found["document_id"], found["page_text"]) == (False, None, None)
    assert found["spans"] == []
    assert found["quoted_text"] == listed["quoted_text"] == QUOTE
    assert listed["source_id"] is None
    assert QUOTE.removesuffix(" [7].") in METFORMIN


def test_a_strangers_citation_and_a_missing_one_look_the_same(client, answer, citation, stranger):
    client.force_login(stranger)
    pairs = [
        (citations_of(answer), f"/api/v1/messages/{NOWHERE}/citations"),
        (source_of(citation), f"/api/v1/citations/{NOWHERE}/source"),
    ]
    for theirs, nowhere in pairs:
        found, absent = client.get(theirs), client.get(nowhere)
        assert found.status_code == absent.status_code == 404
        assert found.json()["error"] == absent.json()["error"]


def test_nobody_reads_without_signing_in_and_without_a_role(client, answer, citation, author):
    for url in (citations_of(answer), source_of(citation)):
        assert client.get(url).status_code == 401
    client.force_login(author)
    author.role = ""
    author.save()
    for url in (citations_of(answer), source_of(citation)):
        assert client.get(url).status_code == 403


def test_citations_take_no_more_queries_for_more_of_them(api, answer, citation):
    def count():
        with CaptureQueriesContext(connection) as captured:
            data(api.get(citations_of(answer)))
        return len(captured)

    before = count()
    for number in range(2, 8):
        cite(answer, number)

    assert count() == before
