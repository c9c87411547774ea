"""The conversations of the API: begun, listed, changed and deleted by their owner only."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.models import Conversation, Message
from conversations.services import streams
from conversations.services.conversations import create_conversation
from conversations.tests.test_queries import exchange

pytestmark = pytest.mark.django_db
LIST = "/api/v1/conversations"
NOWHERE = "00000000-0000-4000-8000-000000000000"


def one(conversation):
    return f"{LIST}/{conversation.pk}"


@pytest.fixture
def begun(author):
    return create_conversation(by=author, title="Metformin")


@pytest.fixture
def api(client, author):
    """The author's browser."""
    client.force_login(author)
    return client


def post(client, url, body):
    return client.post(url, body, content_type="application/json")


def put(client, url, body):
    return client.put(url, body, content_type="application/json")


def patch(client, url, body):
    return client.patch(url, body, content_type="application/json")


def data(response):
    return response.json()["data"]


def error(response):
    return response.json()["error"]


# --- What works -----------------------------------------------------------------


def test_a_conversation_is_begun(api, author):
    response = post(api, LIST, {"title": " Dose of \n metformin "})

    assert response.status_code == 201
    body = response.json()
    assert body["success"] is True
    assert body["error"] is None
    assert body["metadata"]["request_id"] == response["X-Request-ID"]
    made = Conversation.objects.get(owner=author)
    assert data(response) == {
        "id": str(made.pk),
        "title": "Dose of metformin",
        "message_count": 0,
        "last_message_preview": "",
        "created_at": made.created_at.isoformat().replace("+00:00", "Z"),
        "updated_at": made.updated_at.isoformat().replace("+00:00", "Z"),
    }


def test_a_first_message_is_stored_without_answering_and_gives_the_title(api):
    made = data(post(api, LIST, {"initial_message": "At what dose is metformin started?"}))

    assert made["title"] == "At what dose is metformin started?"
    assert (made["message_count"], made["last_message_preview"]) == (1, "At what dose is metformin started?")
    assert [message.role for message in Message.objects.all()] == ["user"]


def test_conversations_are_listed_the_latest_first_with_where_the_page_stands(api, author, stranger):
    made = [create_conversation(by=author, title=str(number)) for number in range(3)]
    create_conversation(by=stranger, title="not mine")

    response = api.get(f"{LIST}?limit=2&offset=1")

    assert [row["id"] for row in data(response)] == [str(made[1].pk), str(made[0].pk)]
    assert response.json()["metadata"]["pagination"] == {"limit": 2, "offset": 1, "total": 3}


@pytest.mark.parametrize(("q", "found"), [("metf", 1), ("METFORMIN", 1), ("%", 0), ("_", 0), ("asthma", 0), ("", 1)])
def test_titles_are_searched_as_text(api, begun, q, found):
    response = api.get(LIST, {"q": q})

    assert len(data(response)) == response.json()["metadata"]["pagination"]["total"] == found


def test_a_conversation_counts_and_previews_its_current_branch(api, begun):
    first = exchange(begun, "one")
    exchange(begun, "two")
    first.replies.update(is_current=False)
    Message.objects.create(conversation=begun, parent=first, role="assistant", content="one anew")
    Message.objects.filter(content="two 1").update(content=f"Start at\n500 mg [1].{' more' * 100}")

    row = data(api.get(LIST))[0]

    assert row["message_count"] == 4
    assert row["last_message_preview"].startswith("Start at 500 mg. more more")
    assert len(row["last_message_preview"]) <= 200


def test_an_answer_without_a_word_yet_is_not_the_preview(api, begun):
    question = exchange(begun, "one")
    question.replies.update(content="")

    assert data(api.get(LIST))[0]["last_message_preview"] == "one"


def test_one_conversation_comes_with_its_current_branch(api, begun):
    first = exchange(begun, "one", answers=2)
    exchange(begun, "two")
    first.replies.update(is_current=False)
    Message.objects.create(conversation=begun, parent=first, role="assistant", content="one anew")

    found = data(api.get(one(begun)))

    assert [message["content"] for message in found["messages"]] == ["one", "one anew", "two", "two 1"]
    assert found["messages"][1]["parent_id"] == str(first.pk)
    assert found["messages"][0]["created_at"].endswith("Z")


@pytest.mark.parametrize("change", [put, patch])
def test_a_conversation_is_renamed(api, begun, change):
    response = change(api, one(begun), {"title": "Dose"})

    assert (response.status_code, data(response)["title"]) == (200, "Dose")
    begun.refresh_from_db()
    assert begun.title == "Dose"


def test_what_is_left_out_of_a_put_stays(api, begun):
    assert data(put(api, one(begun), {}))["title"] == "Metformin"


def test_earlier_addresses_lead_there_too(api, begun):
    for address in (f"/api/sessions/{begun.pk}", f"{one(begun)}/", f"/api/conversations/{begun.pk}/"):
        assert data(api.get(address))["id"] == str(begun.pk)


@pytest.mark.django_db(transaction=True)
def test_deleting_removes_what_was_said_and_what_was_streamed(api, begun):
    question = exchange(begun, "one")
    answer = question.replies.get()
    with streams.sync_connection() as redis:
        redis.xadd(streams.events_key(answer.pk), {"frame": "{}"})

        response = api.delete(one(begun))

        assert not redis.exists(streams.events_key(answer.pk))
    assert (response.status_code, response.content) == (204, b"")
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert api.get(one(begun)).status_code == api.delete(one(begun)).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_deleting_does_not_need_redis(api, begun, settings, unused_tcp_port):
    exchange(begun, "one")
    settings.REDIS_URL = f"redis://127.0.0.1:{unused_tcp_port}/0"

    assert api.delete(one(begun)).status_code == 204
    assert not Conversation.objects.exists()


# --- Messages -------------------------------------------------------------------


def test_messages_come_in_pages_in_the_order_of_the_thread(api, begun):
    first = exchange(begun, "one")
    exchange(begun, "two")
    first.replies.update(is_current=False)
    Message.objects.create(conversation=begun, parent=first, role="assistant", content="one anew")

    response = api.get(f"{one(begun)}/messages?limit=2&offset=1")

    assert [message["content"] for message in data(response)] == ["one anew", "two"]
    assert response.json()["metadata"]["pagination"] == {"limit": 2, "offset": 1, "total": 4}


def test_a_message_is_stored_without_answering(api, begun):
    exchange(begun, "one")
    last = Message.objects.get(content="one 1")

    response = post(api, f"{one(begun)}/messages", {"content": "A note.", "parent_id": str(last.pk)})

    assert response.status_code == 201
    stored = data(response)
    assert (stored["role"], stored["status"], stored["content"]) == ("user", "complete", "A note.")
    assert stored["parent_id"] == str(last.pk)
    assert stored["citations"] == stored["sources"] == []
    assert Message.objects.count() == 3


def test_a_message_sent_again_is_stored_once(api, begun):
    body = {"content": "A note.", "client_id": "c1"}
    first, again = (post(api, f"{one(begun)}/messages", body) for _ in range(2))
    other = post(api, f"{one(begun)}/messages", {**body, "content": "Another."})

    assert data(first) == data(again)
    assert (other.status_code, error(other)["code"]) == (409, "CONFLICT")
    assert Message.objects.count() == 1


def test_a_message_behind_another_than_the_client_saw_is_refused(api, begun):
    first = exchange(begun, "one")

    response = post(api, f"{one(begun)}/messages", {"content": "q", "parent_id": str(first.pk)})

    assert (response.status_code, error(response)["code"]) == (409, "CONFLICT")


@pytest.mark.parametrize("role", ["assistant", "system"])
def test_only_the_server_writes_answers(api, begun, role):
    response = post(api, f"{one(begun)}/messages", {"content": "Take 5 g.", "role": role})

    assert (response.status_code, error(response)["field"]) == (400, "role")
    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_stored_while_an_answer_is_written_and_a_dead_one_is_closed(api, begun):
    answer = exchange(begun, "one").replies.get()
    Message.objects.filter(pk=answer.pk).update(status="streaming")
    with streams.sync_connection() as redis:
        redis.set(streams.alive_key(answer.pk), "1")
        busy = post(api, f"{one(begun)}/messages", {"content": "q"})
        redis.delete(streams.alive_key(answer.pk))
        listed = data(api.get(f"{one(begun)}/messages"))
        redis.delete(streams.events_key(answer.pk))

    assert (busy.status_code, error(busy)["code"]) == (409, "CONFLICT")
    assert [message["status"] for message in listed] == ["complete", "interrupted"]


# --- Bad input ------------------------------------------------------------------

BAD_TITLES = [7, None, True, [], {}, "", " \n ", "x" * 201, "a\x00b", "\ud800"]


@pytest.mark.parametrize("title", BAD_TITLES)
def test_a_title_that_is_none_is_refused(api, begun, title):
    response = patch(api, one(begun), {"title": title})

    assert response.status_code == 400
    assert (error(response)["code"], error(response)["field"]) == ("VALIDATION_ERROR", "title")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("content", ""),
        ("content", 5),
        ("content", "x" * 8_001),
        ("content", "a\x00b"),
        ("content", "\ud800"),
        ("parent_id", 7),
        ("parent_id", "7"),
        ("parent_id", 10**400),
        ("client_id", ""),
        ("client_id", "c" * 65),
        ("client_id", "a\nb"),
        ("client_id", 7),
    ],
)
def test_a_message_that_is_none_is_refused(api, begun, field, value):
    response = post(api, f"{one(begun)}/messages", {"content": "q", field: value})

    assert (response.status_code, error(response)["field"]) == (400, field)
    assert not Message.objects.exists()


@pytest.mark.parametrize("body", ["{", "[" * 100_000, '{"title": NaN}', "[]", '"x"', '{"title": "a"}x', "9" * 5_000])
def test_a_body_that_is_no_object_is_refused(api, body):
    response = post(api, LIST, body)

    assert (response.status_code, error(response)["code"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "offset=-1", f"offset={10**30}", "q=%00"])
def test_a_query_that_makes_no_sense_is_refused(api, query):
    assert api.get(f"{LIST}?{query}").status_code == 400


# --- Doors ----------------------------------------------------------------------


def requests_to(conversation):
    return [
        ("get", one(conversation), None),
        ("put", one(conversation), {"title": "t"}),
        ("patch", one(conversation), {"title": "t"}),
        ("delete", one(conversation), None),
        ("get", f"{one(conversation)}/messages", None),
        ("post", f"{one(conversation)}/messages", {"content": "q"}),
    ]


def ask(client, method, url, body):
    return getattr(client, method)(url, body, content_type="application/json") if body else getattr(client, method)(url)


def test_a_strangers_conversation_and_a_missing_one_look_the_same(client, begun, stranger):
    client.force_login(stranger)
    missing = Conversation(pk=uuid.UUID(NOWHERE))
    for theirs, nowhere in zip(requests_to(begun), requests_to(missing), strict=True):
        found, absent = ask(client, *theirs), ask(client, *nowhere)

        assert found.status_code == absent.status_code == 404, theirs
        assert error(found) == error(absent)
    assert Conversation.objects.get().title == "Metformin"
    assert data(client.get(LIST)) == []


def test_nobody_gets_in_without_signing_in(client, begun):
    for request in [*requests_to(begun), ("get", LIST, None), ("post", LIST, {"title": "t"})]:
        assert ask(client, *request).status_code == 401, request


def test_a_user_without_a_role_is_told_so(client, begun, author):
    client.force_login(author)
    author.role = ""
    author.save()
    for request in [*requests_to(begun), ("get", LIST, None), ("post", LIST, {"title": "t"})]:
        response = ask(client, *request)
        assert (response.status_code, error(response)["code"]) == (403, "FORBIDDEN"), request


def test_a_browser_needs_its_csrf_token(author, begun):
    client = Client(enforce_csrf_checks=True)
    client.force_login(author)

    response = client.delete(one(begun))

    assert (response.status_code, error(response)["code"]) == (403, "FORBIDDEN")
    assert Conversation.objects.exists()


# --- Cost -----------------------------------------------------------------------


def count_queries(api, url):
    with CaptureQueriesContext(connection) as captured:
        assert api.get(url).status_code == 200
    return len(captured)


def test_a_list_takes_no_more_queries_for_more_conversations(api, author):
    exchange(create_conversation(by=author, title="t"), "q")
    before = count_queries(api, LIST)
    for _ in range(8):
        exchange(create_conversation(by=author, title="t"), "q", answers=2)

    assert count_queries(api, LIST) == before


@pytest.mark.parametrize("end", ["", "/messages"])
def test_a_thread_takes_no_more_queries_for_more_messages(api, begun, end):
    exchange(begun, "one")
    before = count_queries(api, one(begun) + end)
    for number in range(8):
        exchange(begun, str(number))

    assert count_queries(api, one(begun) + end) == before
