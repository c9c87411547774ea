"""Asking by HTTP: whole answers and streams, from the same runs as the chat socket's."""

import asyncio
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient
from django.utils import timezone

from conversations.api import event_stream
from conversations.models import Conversation, Message
from conversations.services import runs, streams
from conversations.services.conversations import create_conversation, delete_conversation
from conversations.services.quoting import ABSTENTION
from conversations.tests.api import CHAT, Caller, ending, kinds, said
from conversations.tests.chat import Tab, stored
from conversations.tests.conftest import DOSE
from voiceassist.accounts.models import SignIn
from voiceassist.accounts.services import browser_sign_ins
from voiceassist.ai.ports import TimeLimits
from voiceassist.ai.tests import model_server as told

pytestmark = pytest.mark.django_db(transaction=True)
STARTED = "Metformin is started at 500 mg once daily with the evening meal"


@pytest.fixture
async def caller(library, author):
    return await Caller.of(author)


async def error_of(response, status):
    assert response.status_code == status, response.content
    body = response.json()
    assert body["success"] is False
    return body["error"]


# --- Whole answers --------------------------------------------------------------


async def test_a_question_begins_a_conversation_and_is_answered_with_sources(caller, author):
    response = await caller.post(CHAT, {"message": DOSE})

    body = response.json()
    assert (response.status_code, body["success"]) == (200, True)
    assert body["metadata"]["request_id"] == response["X-Request-ID"]
    answer = body["data"]["message"]
    assert answer["content"].startswith(STARTED)
    assert (answer["role"], answer["status"], answer["route"], answer["model_used"]) == (
        "assistant",
        "complete",
        "extractive",
        "",
    )
    assert answer["citations"][0]["title"] == "Metformin"
    assert answer["support"][0][2] == "supported"
    [source, *_] = body["data"]["sources"]
    assert (source["title"], source["authors"], source["publication_date"]) == (
        "Metformin",
        ["Rena L", "Clear A"],
        "2024",
    )
    assert 1 in source["numbers"]
    conversation = await Conversation.objects.aget(owner=author)
    assert body["data"]["conversation_id"] == answer["conversation_id"] == str(conversation.pk)
    assert conversation.title == DOSE
    assert (await stored(answer["id"])).content == answer["content"]


async def test_a_question_goes_on_in_its_conversation(caller):
    first = await caller.ask(DOSE)
    second = await caller.ask("When is it contraindicated?", conversation_id=first["conversation_id"])

    assert second["conversation_id"] == first["conversation_id"]
    assert "eGFR is below 30" in second["message"]["content"]
    question = await stored(second["message"]["parent_id"])
    assert str(question.parent_id) == first["message"]["id"]


async def test_a_model_writes_where_there_is_one(caller, model):
    model.will(told.streams("Start at 500 mg [1]."))
    answer = (await caller.ask(DOSE))["message"]

    assert (answer["content"], answer["route"], answer["model_used"]) == ("Start at 500 mg [1].", "local", "tiny")


async def test_what_nothing_answers_is_said_to_be_so(caller):
    answer = (await caller.ask("Who won the football world cup in 1998?"))["message"]

    assert (answer["status"], answer["content"]) == ("abstained", ABSTENTION)


async def test_no_more_sources_are_listed_than_asked_for(caller, model):
    model.will(told.streams("Start at 500 mg [1]. Asthma is another matter [3]."))
    answer = await caller.ask(DOSE, limit=1)

    assert len(answer["sources"]) == 1
    assert len(answer["message"]["sources"]) == 2


async def test_an_answer_that_fails_is_an_error_that_says_what_was_kept(caller, model):
    model.will(told.streams_then_cuts("Start at"))
    error = await error_of(await caller.post(CHAT, {"message": DOSE}), 503)

    assert error["code"] == "PROVIDER_UNAVAILABLE"
    kept = await stored(error["details"]["message_id"])
    assert (kept.status, kept.content) == ("failed", "Start at")
    assert str(kept.conversation_id) == error["details"]["conversation_id"]
    assert "Start at" not in str(error)


async def test_nothing_is_kept_when_live_answers_are_not_available(caller, settings, unused_tcp_port):
    settings.REDIS_URL = f"redis://127.0.0.1:{unused_tcp_port}/0"
    error = await error_of(await caller.post(CHAT, {"message": DOSE}), 503)

    assert error["code"] == "PROVIDER_UNAVAILABLE"
    assert not await Conversation.objects.aexists()


async def test_a_second_question_has_to_wait(caller, model):
    model.will(told.stalls())
    _, events = await caller.stream(CHAT, {"message": DOSE})
    accepted = (await events.next())[2]
    busy = await caller.post(CHAT, {"message": "And then?", "conversation_id": accepted["conversation_id"]})

    assert (await error_of(busy, 409))["code"] == "CONFLICT"
    await events.close()


# --- Resends --------------------------------------------------------------------


async def test_a_question_sent_again_is_answered_once(caller):
    first = await caller.ask(DOSE, client_id="c1")
    again = await caller.ask(DOSE, client_id="c1")
    by_header = await caller.ask(DOSE, headers={"Idempotency-Key": "c1"})

    assert first == again == by_header
    assert await Conversation.objects.acount() == 1
    assert await Message.objects.acount() == 2


async def test_a_question_sent_from_everywhere_at_once_is_answered_once(author, library):
    callers = [await Caller.of(author) for _ in range(4)]
    answers = await asyncio.gather(*(caller.ask(DOSE, client_id="c1") for caller in callers))

    assert len({answer["message"]["id"] for answer in answers}) == 1
    assert await Conversation.objects.acount() == 1
    assert await Message.objects.acount() == 2


async def test_the_same_id_of_another_user_is_another_question(caller, colleague):
    mine = await caller.ask(DOSE, client_id="c1")
    theirs = await (await Caller.of(colleague)).ask(DOSE, client_id="c1")

    assert mine["conversation_id"] != theirs["conversation_id"]


async def test_an_id_stands_for_one_question_only(caller):
    first = await caller.ask(DOSE, client_id="c1")
    other = await caller.post(CHAT, {"message": "Another question?", "client_id": "c1"})
    there = {"message": "Another?", "client_id": "c1", "conversation_id": first["conversation_id"]}

    assert (await error_of(other, 409))["code"] == "CONFLICT"
    assert (await error_of(await caller.post(CHAT, there), 409))["code"] == "CONFLICT"
    assert await Message.objects.acount() == 2


async def test_a_stored_message_is_not_answered_by_a_resend_of_its_id(caller, conversation):
    path = f"/api/v1/conversations/{conversation.pk}/messages"
    await caller.post(path, {"content": DOSE, "client_id": "c1"})
    asked = await caller.post(CHAT, {"message": DOSE, "client_id": "c1", "conversation_id": str(conversation.pk)})

    assert (await error_of(asked, 409))["code"] == "CONFLICT"


async def test_two_ids_that_differ_are_refused(caller):
    response = await caller.post(CHAT, {"message": DOSE, "client_id": "c1"}, **{"Idempotency-Key": "c2"})

    assert (await error_of(response, 409))["field"] == "client_id"


# --- Streams --------------------------------------------------------------------


async def test_a_stream_carries_the_frames_of_the_socket(caller):
    response, events = await caller.stream(CHAT, {"message": DOSE, "client_id": "c1"}, **{"X-Request-ID": "mine"})
    accepted, *rest = await events.to_the_end()

    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-cache"
    assert response["X-Accel-Buffering"] == "no"
    assert (accepted[0], accepted[1], accepted[2]["client_id"]) == (None, "message.accepted", "c1")
    assert accepted[2]["user_message"]["content"] == DOSE
    assert [int(id_) for id_, _, _ in rest] == [data["seq"] for _, _, data in rest] == list(range(1, len(rest) + 1))
    assert {"message.stage", "message.citation", "message.delta", "message.done"} == set(kinds(rest))
    assert all(data["type"] == kind and data["request_id"] == "mine" for _, kind, data in rest)
    assert said(rest) == ending(rest)["content"] == (await stored(accepted[2]["message_id"])).content


async def test_a_stream_and_a_socket_see_the_same(caller, tab):
    accepted = await tab.ask(DOSE, client_id="c1")
    frames = await tab.to_the_end()
    body = {"message": DOSE, "client_id": "c1", "conversation_id": accepted["conversation_id"]}
    _, events = await caller.stream(CHAT, body)
    _, *rest = await events.to_the_end()

    def without_request(frame):
        return {name: value for name, value in frame.items() if name != "request_id"}

    assert [without_request(data) for _, _, data in rest] == [without_request(frame) for frame in frames]


async def test_a_stream_goes_on_after_the_last_event_that_was_seen(caller):
    _, events = await caller.stream(CHAT, {"message": DOSE, "client_id": "c1"})
    _, *all_of_them = await events.to_the_end()
    _, events = await caller.stream(CHAT, {"message": DOSE, "client_id": "c1"}, **{"Last-Event-ID": "3"})
    _, *rest = await events.to_the_end()

    assert [id_ for id_, _, _ in rest] == [id_ for id_, _, _ in all_of_them[3:]]


@pytest.mark.parametrize("given", ["x", "-1", "9" * 40, "٣"])
async def test_a_last_event_that_is_none_means_from_the_beginning(caller, given):
    await caller.ask(DOSE, client_id="c1")
    _, events = await caller.stream(
        CHAT, {"message": DOSE, "client_id": "c1"}, **{"Last-Event-ID": given.encode().decode("latin1")}
    )
    _, first, *_ = await events.to_the_end()

    assert first[0] == "1"


async def test_words_arrive_as_they_are_written_and_a_quiet_stream_shows_that_it_lives(caller, model, monkeypatch):
    monkeypatch.setattr(event_stream, "BEAT", 0.05)
    model.will(told.streams_then_stalls("Start at"))
    _, events = await caller.stream(CHAT, {"message": DOSE})
    await events.until("message.delta")
    quiet = await events.next()

    assert quiet == (None, None, "still here")
    await events.close()


async def test_a_reader_who_goes_away_does_not_end_the_answer(caller, model):
    model.will(told.streams_then_stalls("Start at"))
    _, events = await caller.stream(CHAT, {"message": DOSE})
    message_id = (await events.until("message.delta"))[-1][2]["message_id"]
    await events.close()
    stopped = (await caller.post(f"/api/v1/messages/{message_id}/stop")).json()["data"]

    assert (stopped["status"], stopped["content"]) == ("stopped", "Start at")


async def test_a_stream_ends_when_its_reader_is_signed_out(caller, model, author, monkeypatch):
    monkeypatch.setattr(event_stream, "RECHECK", 0.05)
    model.will(told.streams_then_stalls("Start at"))
    _, events = await caller.stream(CHAT, {"message": DOSE})
    await events.until("message.delta")
    await SignIn.objects.filter(user=author).aupdate(ended_at="2020-01-01T00:00:00Z")
    rest = await events.to_the_end()

    assert rest[-1][1] == "error"
    assert rest[-1][2]["code"] == "UNAUTHORIZED"


async def test_a_stream_ends_when_its_browser_is_locked(caller, model, author, settings):
    settings.MODEL_TIME_LIMITS = TimeLimits(connect=2, first_token=60, between_tokens=60, total=120)
    model.will(told.streams_then_stalls("Start at"))
    _, events = await caller.stream(CHAT, {"message": DOSE})
    await events.until("message.delta")
    await sync_to_async(browser_sign_ins.lock)(sign_in=await SignIn.objects.aget(user=author), now=timezone.now())
    async with asyncio.timeout(30):  # the model stalls for a minute
        rest = await events.to_the_end()

    assert rest[-1][1] == "error"
    assert rest[-1][2]["code"] == "UNAUTHORIZED"


async def test_a_failure_is_told_in_the_stream(caller, model):
    model.will(told.streams_then_cuts("Start at"))
    _, events = await caller.stream(CHAT, {"message": DOSE})
    failed = ending(await events.to_the_end())

    assert (failed["type"], failed["partial"], failed["error"]["code"]) == (
        "message.failed",
        "Start at",
        "PROVIDER_UNAVAILABLE",
    )


async def test_what_is_wrong_before_the_stream_begins_is_an_error_in_the_envelope(caller):
    response = await caller.post(CHAT, {"message": ""}, Accept="text/event-stream")

    assert (await error_of(response, 400))["field"] == "message"


@pytest.mark.parametrize("accept", ["*/*", "application/json, text/event-stream", "text/html", ""])
async def test_who_does_not_ask_for_a_stream_gets_json(caller, accept):
    response = await caller.post(CHAT, {"message": DOSE}, Accept=accept)

    assert response["Content-Type"] == "application/json"


# --- Asking again, and stopping -------------------------------------------------


async def test_an_answer_is_written_again_in_place_of_the_earlier_one(caller, model):
    first = (await caller.ask(DOSE))["message"]
    model.will(told.streams("Start low [1]."))
    path = f"/api/v1/messages/{first['id']}/regenerate"
    second, resent = [(await caller.post(path, {"client_id": "again"})).json()["data"] for _ in range(2)]

    assert second == resent
    assert second["message"]["content"] == "Start low [1]."
    assert second["message"]["parent_id"] == first["parent_id"]
    assert not (await stored(first["id"])).is_current
    listed = (await caller.client.get(f"/api/v1/conversations/{first['conversation_id']}")).json()["data"]
    assert [message["id"] for message in listed["messages"]] == [first["parent_id"], second["message"]["id"]]


async def test_a_second_answer_streams_too(caller):
    first = (await caller.ask(DOSE))["message"]
    _, events = await caller.stream(f"/api/v1/messages/{first['id']}/regenerate")
    accepted, *rest = await events.to_the_end()

    assert accepted[2]["user_message"]["id"] == first["parent_id"]
    assert ending(rest)["content"] == first["content"]


async def test_the_id_of_one_second_answer_does_not_stand_for_that_of_another(caller):
    first = (await caller.ask(DOSE))["message"]
    other = await caller.ask("When is it contraindicated?", conversation_id=first["conversation_id"])
    await caller.post(f"/api/v1/messages/{first['id']}/regenerate", {"client_id": "again"})
    again = await caller.post(f"/api/v1/messages/{other['message']['id']}/regenerate", {"client_id": "again"})

    assert (await error_of(again, 409))["code"] == "CONFLICT"


async def test_an_answer_that_has_ended_stays_as_it_is_when_stopped(caller):
    answer = (await caller.ask(DOSE))["message"]
    response = await caller.post(f"/api/v1/messages/{answer['id']}/stop")

    assert response.json()["data"] == answer
    async with streams.connection() as redis:
        assert not await redis.exists(streams.commands_key(uuid.UUID(answer["id"])))


async def test_who_waits_for_a_whole_answer_gets_what_was_written_when_it_is_stopped(caller, author, model):
    model.will(told.streams_then_stalls("Start at 500 mg"))
    waiting = asyncio.create_task(caller.ask(DOSE))
    await model.stalled.wait()
    answer = await Message.objects.aget(role="assistant")
    await (await Caller.of(author)).post(f"/api/v1/messages/{answer.pk}/stop")

    assert (await waiting)["message"]["status"] == "stopped"


@pytest.mark.parametrize("verb", ["regenerate", "stop"])
async def test_a_question_can_be_neither_written_again_nor_stopped(caller, verb):
    answer = (await caller.ask(DOSE))["message"]
    response = await caller.post(f"/api/v1/messages/{answer['parent_id']}/{verb}")

    assert "Only an answer" in (await error_of(response, 409))["message"]


# --- Deleting while an answer is written ----------------------------------------


@pytest.fixture
def silent(model, settings):
    """The model, with so much time that only a command ends an answer."""
    settings.MODEL_TIME_LIMITS = TimeLimits(connect=2, first_token=600, between_tokens=600, total=600)
    return model


async def deleted(author, message_id):
    """Delete a message's conversation, and wait for its run to end."""
    answer = await Message.objects.aget(pk=message_id)
    await sync_to_async(delete_conversation)(by=author, conversation_id=answer.conversation_id)
    await asyncio.wait_for(asyncio.gather(*runs._tasks), timeout=10)


async def assert_nothing_is_left_of(message_id):
    async with streams.connection() as redis:
        keys = [key(uuid.UUID(message_id)) for key in (streams.events_key, streams.alive_key, streams.commands_key)]
        assert await redis.exists(*keys) == 0
    assert not await Message.objects.aexists()


async def test_deleting_ends_the_answer_its_stream_and_whoever_follows(caller, author, silent):
    silent.will(told.streams_then_stalls("Start at", " 500 mg"))
    _, events = await caller.stream(CHAT, {"message": DOSE})
    message_id = (await events.until("message.delta"))[-1][2]["message_id"]
    await silent.stalled.wait()
    await deleted(author, message_id)
    rest = await events.to_the_end()

    assert rest[-1][1] == "error"
    assert rest[-1][2]["code"] == "NOT_FOUND"
    await assert_nothing_is_left_of(message_id)


async def test_who_waits_for_a_whole_answer_is_told_that_it_is_gone(caller, author, silent):
    silent.will(told.stalls())
    waiting = asyncio.create_task(caller.post(CHAT, {"message": DOSE}))
    await silent.stalled.wait()
    answer = await Message.objects.aget(role="assistant")
    await deleted(author, answer.pk)

    assert (await error_of(await waiting, 404))["code"] == "NOT_FOUND"


async def test_what_a_model_still_says_after_the_deletion_is_not_kept(caller, author, model):
    model.will(told.streams_then_stalls("Start at"))
    _, events = await caller.stream(CHAT, {"message": DOSE})
    message_id = (await events.until("message.delta"))[-1][2]["message_id"]
    await model.stalled.wait()
    answer = await Message.objects.aget(pk=message_id)
    await Conversation.objects.filter(pk=answer.conversation_id).adelete()
    async with streams.connection() as redis:
        await redis.delete(streams.events_key(answer.pk))
    await runs.stop(answer.pk)
    await asyncio.wait_for(asyncio.gather(*runs._tasks), timeout=10)

    await assert_nothing_is_left_of(message_id)
    await events.close()


async def test_sockets_of_a_deleted_conversation_close(conversation, author, model):
    following, quiet = [await Tab.open(conversation, author) for _ in range(2)]
    model.will(told.stalls())
    accepted = await following.ask(DOSE)
    await model.stalled.wait()
    await deleted(author, accepted["message_id"])
    await quiet.send("ping")

    assert await following.closed() == await quiet.closed() == 4404


# --- Bad input ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("message", "", "blank"),
        ("message", " \n", "blank"),
        ("message", None, "null"),
        ("message", 5, "text"),
        ("message", "x" * 8_001, "8000"),
        ("message", "a\x00b", "NUL"),
        ("message", "\ud800", "urrogate"),
        ("conversation_id", 7, "text"),
        ("conversation_id", "7", "UUID"),
        ("use_rag", False, "knowledge base"),
        ("use_rag", "true", "true or false"),
        ("use_rag", None, "null"),
        ("sources", [str(uuid.uuid4())], "Choosing sources is not supported"),
        ("sources", ["x"], "not supported"),
        ("sources", "all", "list"),
        ("attachments", [str(uuid.uuid4())], "Attachments are not supported"),
        ("attachments", {"a": 1}, "list"),
        ("limit", 0, "1"),
        ("limit", 21, "20"),
        ("limit", 10**300, "20"),
        ("limit", True, "whole number"),
        ("limit", "5", "whole number"),
        ("client_id", "", "blank"),
        ("client_id", "c" * 65, "64"),
        ("client_id", "a\tb", "printable"),
    ],
)
async def test_a_question_that_does_not_follow_the_contract_is_refused_by_its_field(caller, field, value, why):
    error = await error_of(await caller.post(CHAT, {"message": DOSE, field: value}), 400)

    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)
    assert why in str(error["details"])
    assert not await Message.objects.aexists()


@pytest.mark.parametrize("body", ["{", "[" * 100_000, "[]", "7", '{"message": NaN}'])
async def test_a_body_that_is_no_question_is_refused(caller, body):
    response = await caller.client.post(CHAT, body, content_type="application/json")

    assert (await error_of(response, 400))["code"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("key", ["k" * 65, "a\tb"])
async def test_a_key_that_is_none_is_refused(caller, key):
    response = await caller.post(CHAT, {"message": DOSE}, **{"Idempotency-Key": key})

    assert (await error_of(response, 400))["field"] == "Idempotency-Key"


async def test_empty_choices_are_no_choices(caller):
    assert await caller.ask(DOSE, sources=[], attachments=None, use_rag=True)


async def test_other_methods_and_media_types_are_refused(caller):
    assert (await caller.client.get(CHAT)).status_code == 405
    assert (await caller.client.options(CHAT)).status_code == 200
    response = await caller.client.post(CHAT, {"message": DOSE})

    assert (await error_of(response, 415))["code"] == "VALIDATION_ERROR"


# --- Doors ----------------------------------------------------------------------


async def routes_of(author):
    """Return every route that leads to an answer, with a body."""
    conversation = await sync_to_async(create_conversation)(by=author)
    answer = (await (await Caller.of(author)).ask(DOSE, conversation_id=str(conversation.pk)))["message"]
    return [
        (CHAT, {"message": DOSE, "conversation_id": str(conversation.pk)}),
        (f"/api/v1/messages/{answer['id']}/regenerate", {}),
        (f"/api/v1/messages/{answer['id']}/stop", {}),
        (f"/api/v1/messages/{answer['parent_id']}/stop", {}),
    ]


async def test_a_strangers_conversation_and_a_missing_one_look_the_same(library, author, stranger):
    caller = await Caller.of(stranger)
    nowhere = "00000000-0000-4000-8000-000000000000"
    absent = {
        "chat": await caller.post(CHAT, {"message": DOSE, "conversation_id": nowhere}),
        "messages": await caller.post(f"/api/v1/messages/{nowhere}/stop"),
    }
    for path, body in await routes_of(author):
        error = await error_of(await caller.post(path, body, Accept="text/event-stream"), 404)
        assert error == await error_of(absent[path.split("/")[3]], 404)


async def test_nobody_asks_without_signing_in(library, author):
    caller = Caller()
    for path, body in await routes_of(author):
        assert (await error_of(await caller.post(path, body, Accept="text/event-stream"), 401))[
            "code"
        ] == "UNAUTHORIZED"


async def test_a_user_without_a_role_may_not_ask(library, author, newcomer):
    caller = await Caller.of(newcomer)
    for path, body in [*await routes_of(author), (CHAT, {"message": DOSE})]:
        assert (await error_of(await caller.post(path, body), 403))["code"] == "FORBIDDEN"


async def test_a_browser_needs_its_csrf_token(library, author):
    caller = await Caller.of(author)
    caller.client.handler.enforce_csrf_checks = True

    assert (await error_of(await caller.post(CHAT, {"message": DOSE}), 403))["code"] == "FORBIDDEN"
    assert not await Message.objects.aexists()


async def test_questions_are_counted(caller, monkeypatch):
    monkeypatch.setattr("voiceassist.core.rate_limits.rate_of", lambda _scope: (1, 60))
    first = await caller.post(CHAT, {"message": DOSE})
    second = await caller.post(CHAT, {"message": DOSE})

    assert (first.status_code, first["RateLimit-Remaining"]) == (200, "0")
    assert (await error_of(second, 429))["code"] == "RATE_LIMITED"
    assert int(second["Retry-After"]) > 0


async def test_an_unexpected_fault_is_said_in_the_envelope(library, author, monkeypatch):
    caller = await Caller.of(author)
    caller.client = AsyncClient(raise_request_exception=False)
    await sync_to_async(caller.client.force_login)(author)
    monkeypatch.setattr(runs, "begin", None)

    assert (await error_of(await caller.post(CHAT, {"message": DOSE}), 500))["code"] == "INTERNAL_ERROR"
