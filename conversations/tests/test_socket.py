import asyncio
import json
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.utils import timezone

from conversations.frames import CONTENT_LIMIT, FRAME_LIMIT
from conversations.models import Message
from conversations.services.conversations import create_conversation
from conversations.tests.chat import Tab, signed_in, stored
from conversations.tests.conftest import DOSE
from voiceassist.accounts.models import EndReason
from voiceassist.accounts.services.sign_ins import end_all
from voiceassist.ai.tests import model_server as told
from voiceassist.core import rate_limits, system_settings

pytestmark = pytest.mark.django_db(transaction=True)


async def test_an_anonymous_socket_is_closed(conversation):
    tab = Tab(conversation.pk, None)
    await tab.socket.connect()

    assert await tab.closed() == 4401


async def test_a_stranger_and_a_missing_conversation_look_the_same(conversation, stranger, author):
    for user, conversation_id in ((stranger, conversation.pk), (author, uuid.uuid4())):
        tab = Tab(conversation_id, await sync_to_async(signed_in)(user))
        await tab.socket.connect()
        assert await tab.closed() == 4404


async def test_a_user_without_a_role_is_closed_out(conversation, author):
    author.role = ""
    await author.asave()
    tab = Tab(conversation.pk, await sync_to_async(signed_in)(author))
    await tab.socket.connect()

    assert await tab.closed() == 4403


@pytest.mark.parametrize(
    "origin",
    [None, "http://evil.test", "https://localhost:8000", "http://localhost", "http://localhost:8001", "null"],
)
async def test_a_page_of_another_origin_cannot_open_a_socket_with_a_cookie(conversation, author, origin):
    tab = Tab(conversation.pk, await sync_to_async(signed_in)(author), origin=origin)
    connected, code = await tab.socket.connect()

    assert not connected
    assert code != 4401


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        ("{", "not valid JSON"),
        ("[" * 20_000, "not valid JSON"),
        ("[]", "must be a JSON object"),
        ("x" * (FRAME_LIMIT + 1), "too large"),
        ({"type": "message.explode"}, "not known"),
        ({"type": ["ping"]}, "not known"),
        ({}, "not known"),
        ({"type": "message.send", "client_id": "c"}, "`content` must be text"),
        ({"type": "message.send", "client_id": "c", "content": 5}, "`content` must be text"),
        ({"type": "message.send", "client_id": "c", "content": " \n\x00"}, "is empty"),
        ({"type": "message.send", "client_id": "c", "content": "é" * (CONTENT_LIMIT + 1)}, "too long"),
        ({"type": "message.send", "content": "q"}, "`client_id` must be"),
        ({"type": "message.send", "client_id": "", "content": "q"}, "`client_id` must be"),
        ({"type": "message.send", "client_id": "c" * 65, "content": "q"}, "`client_id` must be"),
        ({"type": "message.send", "client_id": 7, "content": "q"}, "`client_id` must be"),
        ({"type": "message.send", "client_id": "\ud800", "content": "q"}, "`client_id` must be"),
        ({"type": "message.send", "client_id": "c", "content": "q", "parent_id": 1}, "`parent_id` must be"),
        ({"type": "message.send", "client_id": "c", "content": "q", "attachments": ["a"]}, "not supported"),
        ({"type": "message.send", "client_id": "c", "content": "q", "use_rag": False}, "not supported"),
        ({"type": "message.stop", "message_id": "7"}, "`message_id` must be"),
        ({"type": "message.stop", "message_id": None}, "`message_id` must be"),
        ({"type": "stream.resume", "message_id": str(uuid.uuid4())}, "`after` must be"),
        ({"type": "stream.resume", "message_id": str(uuid.uuid4()), "after": -1}, "`after` must be"),
        ({"type": "stream.resume", "message_id": str(uuid.uuid4()), "after": True}, "`after` must be"),
        ({"type": "stream.resume", "message_id": str(uuid.uuid4()), "after": 2**80}, "`after` must be"),
        ({"type": "stream.resume", "message_id": str(uuid.uuid4()), "after": 0}, "does not exist"),
        ({"type": "message.stop", "message_id": str(uuid.uuid4())}, "does not exist"),
        ({"type": "message.regenerate", "message_id": str(uuid.uuid4()), "client_id": "c"}, "does not exist"),
    ],
)
async def test_a_bad_frame_is_told_what_is_wrong_and_the_socket_stays(tab, frame, why):
    await tab.socket.send_to(text_data=frame if isinstance(frame, str) else json.dumps(frame))
    error = await tab.receive()

    assert error["type"] == "error"
    assert error["code"] in {"VALIDATION_ERROR", "NOT_FOUND"}
    assert why in error["message"]
    assert error["request_id"]
    await tab.send("ping", request_id="after")
    assert await tab.receive() == {"type": "pong", "request_id": "after"}
    assert await Message.objects.acount() == 0


async def test_a_binary_frame_is_refused(tab):
    await tab.socket.send_to(bytes_data=b"\x00")

    assert "Only text frames" in (await tab.receive())["message"]


async def test_a_request_id_that_is_not_well_formed_is_replaced(tab):
    await tab.send("ping", request_id="<script>")

    assert (await tab.receive())["request_id"] != "<script>"


async def test_a_resend_is_answered_once(tab):
    first = await tab.ask(DOSE, client_id="c1")
    done = (await tab.to_the_end())[-1]
    second = await tab.ask(DOSE, client_id="c1")
    again = (await tab.to_the_end())[-1]

    assert second["message_id"] == first["message_id"]
    assert second["user_message"] == first["user_message"]
    assert again["message"] == done["message"]
    assert await Message.objects.acount() == 2


async def test_a_resend_from_many_tabs_at_once_is_answered_once(conversation, author):
    tabs = [await Tab.open(conversation, author) for _ in range(4)]
    accepted = await asyncio.gather(*(tab.ask(DOSE, client_id="c1") for tab in tabs))
    endings = [(await tab.to_the_end())[-1] for tab in tabs]
    for tab in tabs:
        await tab.close()

    assert len({frame["message_id"] for frame in accepted}) == 1
    assert len({ending["content"] for ending in endings}) == 1
    assert await Message.objects.acount() == 2


async def test_a_second_question_waits_until_the_first_is_answered(tab, model):
    model.will(told.streams_then_stalls("Start"))
    accepted = await tab.ask(DOSE)
    await tab.until("message.delta")
    await tab.send("message.send", client_id="c2", content="And then?")
    error = await tab.receive()
    await tab.send("message.stop", message_id=accepted["message_id"])
    await tab.to_the_end()

    assert (error["type"], error["code"], error["client_id"]) == ("error", "CONFLICT", "c2")
    assert await Message.objects.acount() == 2


async def test_questions_of_several_tabs_at_once_get_one_answer_and_conflicts(conversation, author, model):
    model.will(told.stalls())
    tabs = [await Tab.open(conversation, author) for _ in range(3)]
    for number, tab in enumerate(tabs):
        await tab.send("message.send", client_id=f"c{number}", content=DOSE)
    replies = await asyncio.gather(*(tab.receive() for tab in tabs))
    for tab in tabs:
        await tab.close()

    assert sorted(reply.get("code", "accepted") for reply in replies) == ["CONFLICT", "CONFLICT", "accepted"]


async def test_a_thread_that_went_on_elsewhere_is_not_answered_blindly(tab):
    accepted = await tab.ask(DOSE)
    await tab.to_the_end()
    await tab.ask("And in renal impairment?", parent_id=accepted["message_id"])
    await tab.to_the_end()
    await tab.send("message.send", client_id="late", content="q", parent_id=accepted["message_id"])

    assert (await tab.receive())["code"] == "CONFLICT"


async def test_a_regenerated_answer_takes_the_place_of_the_old_one(tab, conversation):
    from conversations.queries import current_thread

    first = await tab.ask(DOSE)
    await tab.to_the_end()
    later = await tab.ask("When is metformin contraindicated?")
    await tab.to_the_end()
    await tab.send("message.regenerate", message_id=first["message_id"], client_id="again")
    accepted = await tab.until("message.accepted")
    await tab.to_the_end()

    thread = await sync_to_async(current_thread)(conversation)
    assert [str(message.pk) for message in thread] == [
        first["user_message"]["id"],
        accepted["message_id"],
        later["user_message"]["id"],
        later["message_id"],
    ]
    assert not (await stored(first["message_id"])).is_current


async def test_a_regeneration_that_is_sent_again_is_done_once(tab):
    first = await tab.ask(DOSE)
    await tab.to_the_end()
    seen = set()
    for _ in range(2):
        await tab.send("message.regenerate", message_id=first["message_id"], client_id="again")
        seen.add((await tab.until("message.accepted"))["message_id"])
        await tab.to_the_end()

    assert len(seen) == 1


async def test_a_client_id_means_one_thing_only(tab):
    accepted = await tab.ask(DOSE, client_id="c1")
    await tab.to_the_end()
    await tab.send("message.regenerate", message_id=accepted["message_id"], client_id="c1")

    assert (await tab.receive())["code"] == "CONFLICT"


async def test_a_question_can_be_neither_resumed_nor_stopped_nor_regenerated(tab):
    accepted = await tab.ask(DOSE)
    await tab.to_the_end()
    question = accepted["user_message"]["id"]
    for type_, fields in {
        "message.stop": {},
        "stream.resume": {"after": 0},
        "message.regenerate": {"client_id": "x"},
    }.items():
        await tab.send(type_, message_id=question, **fields)
        assert (await tab.receive())["code"] == "NOT_FOUND"


async def test_an_answer_of_another_conversation_cannot_be_followed_here(tab, author, library):
    from conversations.services.conversations import create_conversation

    elsewhere = await sync_to_async(create_conversation)(by=author)
    other = await Tab.open(elsewhere, author)
    accepted = await other.ask(DOSE)
    await other.to_the_end()
    await other.close()
    await tab.send("stream.resume", message_id=accepted["message_id"], after=0)

    assert (await tab.receive())["code"] == "NOT_FOUND"


async def test_a_sign_in_that_ends_closes_the_socket_without_a_frame(tab, author):
    await sync_to_async(end_all)(user=author, reason=EndReason.EVERYWHERE, now=timezone.now())

    assert await tab.closed() == 4401


async def test_a_deactivated_user_is_closed_out_at_the_next_frame(tab, author):
    author.is_active = False
    await author.asave()
    await tab.send("message.send", client_id="c1", content=DOSE)

    assert await tab.closed() == 4401
    assert await Message.objects.acount() == 0


async def test_a_changed_password_closes_the_socket_at_its_next_frame(tab, author):
    author.set_password("another horse battery")
    await author.asave()
    await tab.send("ping")

    assert await tab.closed() == 4401


async def test_a_user_who_lost_the_role_may_not_ask(tab, author):
    await tab.send("ping")
    assert (await tab.receive())["type"] == "pong"  # it is through the door
    author.role = ""
    await author.asave()
    await tab.send("message.send", client_id="c1", content=DOSE)

    assert (await tab.receive())["code"] == "FORBIDDEN"


async def test_an_answer_stops_reaching_a_socket_whose_user_signed_out(tab, model, author):
    model.will(told.stalls())
    accepted = await tab.ask(DOSE)
    await model.stalled.wait()
    await sync_to_async(end_all)(user=author, reason=EndReason.EVERYWHERE, now=timezone.now())
    from conversations.services import runs

    await runs.stop(uuid.UUID(accepted["message_id"]))

    assert await tab.closed() == 4401


@pytest.fixture
async def _two_questions_a_minute():
    cache.clear()
    await sync_to_async(system_settings.set_values)({"chat_per_minute": 2}, by_id=None)
    yield
    cache.clear()


@pytest.mark.usefixtures("_two_questions_a_minute")
async def test_questions_and_second_answers_are_counted_and_no_more_than_allowed_are_answered(tab):
    first = await tab.ask(DOSE)
    await tab.to_the_end()
    await tab.send("message.regenerate", message_id=first["message_id"], client_id="again")
    await tab.until("message.accepted")
    await tab.to_the_end()
    stored_before = await Message.objects.acount()
    for frame in (
        {"type_": "message.send", "content": DOSE, "client_id": "late"},
        {"type_": "message.regenerate", "message_id": first["message_id"], "client_id": "late"},
    ):
        await tab.send(**frame, request_id="r1")
        error = await tab.receive()
        assert (error["type"], error["code"]) == ("error", "RATE_LIMITED")
        assert (error["client_id"], error["request_id"]) == ("late", "r1")
        assert 1 <= error["retry_after"] <= 60

    assert await Message.objects.acount() == stored_before
    await tab.send("ping", request_id="after")
    assert await tab.receive() == {"type": "pong", "request_id": "after"}


@pytest.mark.usefixtures("_two_questions_a_minute")
async def test_the_socket_and_the_api_count_together_and_each_user_alone(tab, author, colleague):
    for user in (author, author, colleague):
        await sync_to_async(rate_limits.count)("chat", str(user.pk))
    await tab.send("message.send", content=DOSE, client_id="c1")
    refused = await tab.receive()
    other = await Tab.open(await sync_to_async(create_conversation)(by=colleague), colleague)
    accepted = await other.ask(DOSE)
    await other.to_the_end()
    await other.close()

    assert (refused["code"], accepted["type"]) == ("RATE_LIMITED", "message.accepted")
