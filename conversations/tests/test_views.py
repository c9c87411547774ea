import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.contexts.rail import PAGE_SIZE, day_name
from conversations.models import Citation, Conversation, Message
from knowledge.models import LIBRARY, Collection, Document, Page, Passage
from voiceassist.accounts.models import User

TEXT = "Dosing\n\nStart at 500 mg. Raise it weekly.\n\nStop below 30."
QUOTE = "Raise it weekly."
ROWS = ["conversation", "message", "citation", "source"]


@pytest.fixture
def author(db) -> User:
    return User.objects.create_user(email="author@clinic.test", password=None, role="clinician", name="Ana Author")


@pytest.fixture
def stranger(db) -> User:
    return User.objects.create_user(email="stranger@clinic.test", password=None, role="clinician")


@pytest.fixture
def newcomer(db) -> User:
    return User.objects.create_user(email="newcomer@clinic.test", password=None)


@pytest.fixture
def document(db) -> Document:
    collection, _ = Collection.objects.get_or_create(scope=LIBRARY, defaults={"title": "Library"})
    made = Document.objects.create(
        id=uuid.uuid4(), collection=collection, title="Metformin", content_hash="x", status="indexed",
        bibliography={"authors": ["Rena L"], "year": 2024, "doi": "10.1000/m"},
    )  # fmt: skip
    for number in (1, 2):
        Page.objects.create(document=made, number=number, text=TEXT)
    return made


@pytest.fixture
def passage(document) -> Passage:
    page = document.pages.get(number=1)
    return Passage.objects.create(
        id=uuid.uuid4(), document=document, page=page, position=0, start=8, end=41, text=TEXT[8:41]
    )


@pytest.fixture
def conversation(author) -> Conversation:
    return Conversation.objects.create(owner=author, title="Metformin dose")


def answered(conversation, **fields) -> Message:
    question = Message.objects.create(conversation=conversation, role="user", content="How fast is it raised?")
    given = {"status": "complete", "content": f"{QUOTE} [1]", "support": [[0, 16, "supported", ""]]} | fields
    return Message.objects.create(conversation=conversation, role="assistant", parent=question, **given)


def cited(message, passage, number=1) -> Citation:
    start = TEXT.index(QUOTE)
    return Citation.objects.create(
        message=message, number=number, document=passage.document, passage=passage, passage_key=passage.pk,
        page_number=1, start=start, end=start + len(QUOTE), quoted_text=QUOTE, context=passage.text,
        title=passage.document.title, bibliography=passage.document.bibliography, heading_path=["Metformin", "Dosing"],
        relevance_score=90,
    )  # fmt: skip


@pytest.fixture
def answer(conversation) -> Message:
    return answered(conversation)


@pytest.fixture
def citation(answer, passage) -> Citation:
    return cited(answer, passage)


@pytest.fixture
def address(conversation, answer, citation, document):
    rows = {"conversation": conversation, "message": answer, "citation": citation, "source": document}
    return lambda name: reverse(name, args=[rows[name].pk])


def page_of(client, user, url, **headers):
    client.force_login(user)
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


# --- Who may see what ----------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_the_author_sees_it(client, author, address, name):
    assert page_of(client, author, address(name))


@pytest.mark.parametrize("name", ROWS[:3])
def test_to_a_stranger_it_does_not_exist(client, stranger, address, name):
    client.force_login(stranger)

    assert client.get(address(name)).status_code == 404


@pytest.mark.parametrize("name", ROWS)
def test_nobody_sees_it_without_signing_in(client, address, name):
    url = address(name)

    assert client.get(url)["Location"] == f"/app/login/?next={url}"


@pytest.mark.parametrize("name", ROWS)
def test_a_user_without_a_role_is_told_so(client, newcomer, address, name):
    client.force_login(newcomer)
    response = client.get(address(name))

    assert response.status_code == 403
    assert "no role" in response.content.decode()
    assert "Sign out" in response.content.decode()


@pytest.mark.parametrize("name", ["home", "conversation-list"])
def test_the_lists_are_closed_to_anonymous_and_to_users_without_a_role(client, newcomer, name):
    assert client.get(reverse(name)).status_code == 302
    client.force_login(newcomer)
    assert client.get(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", ROWS)
def test_pages_are_kept_in_no_cache(client, author, address, name):
    client.force_login(author)

    assert "no-store" in client.get(address(name))["Cache-Control"]


# --- Home, and beginning a conversation ----------------------------------------


def test_home_opens_the_conversation_used_last(client, author, conversation):
    client.force_login(author)

    assert client.get(reverse("home"))["Location"] == reverse("conversation", args=[conversation.pk])


def test_home_teaches_when_there_is_no_conversation(client, author, document):
    page = page_of(client, author, reverse("home"))

    assert "one of the 1 source in this library" in page
    assert "For example" not in page


def test_home_offers_questions_that_the_demonstration_sources_answer(client, author, document):
    Document.objects.update(is_demonstration=True)

    assert page_of(client, author, reverse("home")).count("data-question") == 3


def test_a_new_conversation_is_a_page_and_no_row_yet(client, author, conversation):
    page_of(client, author, reverse("home") + "?new=1")

    assert Conversation.objects.count() == 1


def test_a_script_begins_a_conversation_and_gets_its_address(client, author):
    client.force_login(author)
    response = client.post(reverse("conversation-create"), headers={"accept": "application/json"})

    made = Conversation.objects.get(owner=author)
    assert response.status_code == 201
    assert response.json() == {"id": str(made.pk), "url": reverse("conversation", args=[made.pk])}


def test_a_form_begins_a_conversation_and_is_led_there(client, author):
    client.force_login(author)
    response = client.post(reverse("conversation-create"))

    assert response["Location"] == reverse("conversation", args=[Conversation.objects.get().pk])


def test_beginning_needs_a_post_and_a_role(client, author, newcomer):
    client.force_login(author)
    assert client.get(reverse("conversation-create")).status_code == 405
    client.force_login(newcomer)
    assert client.post(reverse("conversation-create")).status_code == 403


# --- The thread ------------------------------------------------------------------


def test_an_answer_shows_prose_mark_sources_and_receipt(client, author, citation, address):
    page = page_of(client, author, address("conversation"))

    assert "How fast is it raised?" in page
    assert 'aria-label="Citation 1: Metformin, page 1"' in page
    assert "Supported by this passage" in page
    assert "Quoted, no model" in page
    assert "Copy with citations" in page
    assert "Rena L. Metformin. 2024. doi:10.1000/m Page 1." in page


def test_the_fragment_of_a_message_is_what_the_page_shows(client, author, citation, address):
    whole = page_of(client, author, address("conversation"))
    fragment = page_of(client, author, address("message"))

    assert "".join(fragment.split()) in "".join(whole.split())


def test_the_name_of_the_model_is_shown(client, author, conversation):
    answered(conversation, model_used="qwen3-8b")
    page = page_of(client, author, reverse("conversation", args=[conversation.pk]))

    assert "qwen3-8b" in page
    assert "Quoted, no model" not in page


def test_an_abstention_says_what_was_searched_and_what_to_try(client, author, conversation, passage):
    message = answered(conversation, status="abstained", content="Nothing answers this.", support=[])
    cited(message, passage)
    page = page_of(client, author, reverse("message", args=[message.pk]))

    assert "for “How fast is it raised?”" in page
    assert "Nearest passages" in page
    assert "What to try" in page
    assert "Quoted, no model" not in page


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (("failed", "", "The model did not answer."), ["The model did not answer.", "Nothing had been written yet"]),
        (
            ("failed", "", "It broke. All is kept. Choose Regenerate."),
            ["<strong>It broke.</strong> All is kept. Choose"],
        ),
        (("failed", "Half", ""), ["could not be finished", "kept above, unchecked"]),
        (("interrupted", "Half", ""), ["The server stopped", "kept above, unchecked"]),
        (("stopped", "Half", ""), ["You stopped this answer", "kept above, unchecked"]),
    ],
)
def test_an_answer_that_did_not_end_well_says_so(client, author, conversation, ending, words):
    status, content, error = ending
    message = answered(conversation, status=status, content=content, error=error, support=[])
    page = page_of(client, author, reverse("message", args=[message.pk]))

    assert all(word in page for word in words)
    assert f'data-regenerate="{message.pk}"' in page


def test_an_answer_under_way_is_ready_to_be_followed(client, author, conversation):
    message = answered(conversation, status="streaming", content="", support=[])
    page = page_of(client, author, reverse("conversation", args=[conversation.pk]))

    assert f'data-message="{message.pk}" data-status="streaming"' in page


def test_what_was_typed_is_text_and_nothing_else(client, author, conversation):
    Message.objects.create(conversation=conversation, role="user", content="<script>alert(1)</script>")

    assert "<script>alert" not in page_of(client, author, reverse("conversation", args=[conversation.pk]))


def test_only_staff_see_the_way_to_the_console(client, author, conversation):
    url = reverse("conversation", args=[conversation.pk])
    assert "/console/" not in page_of(client, author, url)
    User.objects.update(role="curator")
    assert "/console/" in page_of(client, author, url)


# --- The list ----------------------------------------------------------------------


def test_the_list_is_cut_and_goes_on(client, author):
    Conversation.objects.bulk_create([Conversation(owner=author, title=f"Number {n}") for n in range(PAGE_SIZE + 2)])
    first = page_of(client, author, reverse("conversation-list"))
    second = page_of(client, author, reverse("conversation-list") + f"?offset={PAGE_SIZE}")

    assert (first.count('class="item"'), second.count('class="item"')) == (PAGE_SIZE, 2)
    assert "Show older" in first
    assert "Show older" not in second


@pytest.mark.parametrize("query", ["?offset=-1", "?offset=x", "?open=x", "?offset=99999999999"])
def test_odd_parameters_do_no_harm(client, author, conversation, query):
    assert "Metformin dose" in page_of(client, author, reverse("conversation-list") + query)


@pytest.mark.parametrize(
    ("days", "name"), [(0, "Today"), (1, "Yesterday"), (3, "Previous 7 days"), (40, "October 2026")]
)
def test_days_are_named_as_seen_from_today(days, name):
    today = timezone.datetime(2026, 11, 21).date()

    assert day_name(today - timedelta(days=days), today) == name


# --- Evidence ------------------------------------------------------------------------


def test_the_panel_shows_the_quotation_in_its_page(client, author, citation, address):
    page = page_of(client, author, address("citation"), **{"hx-request": "true"})

    assert "<html" not in page
    assert f'<mark class="quote" id="quote" data-quote>{QUOTE}</mark>' in page
    assert '<span class="passage">Start at 500 mg. </span>' in page
    assert "https://doi.org/10.1000/m" in page
    assert 'rel="noopener external"' in page


def test_opened_directly_it_is_a_page_with_the_same_content(client, author, citation, address):
    fragment = page_of(client, author, address("citation"), **{"hx-request": "true"})
    whole = page_of(client, author, address("citation"))

    assert "<html" in whole
    assert f">{QUOTE}</mark>" in whole
    assert f">{QUOTE}</mark>" in fragment


def test_one_steps_from_citation_to_citation(client, author, answer, citation, passage):
    second = cited(answer, passage, number=2)
    page = page_of(client, author, reverse("citation", args=[citation.pk]))

    assert f'data-step="next" href="{reverse("citation", args=[second.pk])}"' in page
    assert 'data-step="previous"' not in page


def test_a_deleted_source_leaves_its_quotation(client, author, citation, document, address):
    url = address("citation")
    document.delete()
    page = page_of(client, author, url)

    assert "has been deleted" in page
    assert f">{QUOTE}</mark>" in page
    assert "Open source" not in page


def test_a_source_indexed_anew_still_shows_the_quotation(client, author, citation, address):
    Passage.objects.all().delete()
    Page.objects.update(text=f"A new preface.\n\n{TEXT}")

    assert f">{QUOTE}</mark>" in page_of(client, author, address("citation"))


def test_a_page_that_reads_differently_says_so(client, author, citation, address):
    Page.objects.update(text="Nothing of the kind.")
    page = page_of(client, author, address("citation"))

    assert "reads differently now" in page
    assert f">{QUOTE}</mark>" in page


# --- The source reader -----------------------------------------------------------------


def test_a_source_is_read_page_by_page(client, author, document):
    url = reverse("source", args=[document.pk])

    assert "Page 1 of 2" in page_of(client, author, url)
    assert 'rel="prev"' in page_of(client, author, f"{url}?page=2")


def test_a_source_lights_up_what_it_is_asked_to(client, author, document):
    start = TEXT.index(QUOTE)
    url = f"{reverse('source', args=[document.pk])}?page=1&from={start}&to={start + len(QUOTE)}"

    assert f">{QUOTE}</mark>" in page_of(client, author, url)


@pytest.mark.parametrize("query", ["page=9", "page=0"])
def test_a_page_that_is_not_there_is_not_found(client, author, document, query):
    client.force_login(author)

    assert client.get(f"{reverse('source', args=[document.pk])}?{query}").status_code == 404


@pytest.mark.parametrize("query", ["page=x", "from=9&to=3", "from=1&to=9999999", "from=-1"])
def test_odd_addresses_in_a_source_do_no_harm(client, author, document, query):
    assert "<mark" not in page_of(client, author, f"{reverse('source', args=[document.pk])}?{query}")


# --- Cost --------------------------------------------------------------------------------


def queries_of(client, url):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.parametrize("name", ROWS)
def test_more_rows_cost_no_more_queries(client, author, citation, address, name):
    answer, passage = citation.message, citation.passage
    client.force_login(author)
    before = queries_of(client, address(name))
    for number in range(2, 8):
        cited(answer, passage, number=number)
        cited(answered(answer.conversation), passage)
        Conversation.objects.create(owner=author, title="Another")
        Page.objects.create(document=passage.document, number=number + 1, text=TEXT)

    assert queries_of(client, address(name)) == before


# --- Errors ------------------------------------------------------------------------------


def test_the_error_page_of_a_broken_server_needs_no_context():
    from django.template.loader import get_template

    assert "Something broke" in get_template("500.html").render()


def test_an_unknown_address_is_not_found(client, db):
    response = client.get("/app/nowhere/")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_form_without_its_token_is_explained(author):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(author)
    response = client.post(reverse("conversation-create"))

    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()
