import asyncio
import uuid

import pytest
import redis
from channels.db import database_sync_to_async
from django.conf import settings as django_settings

from conversations.models import Message, MessageStatus
from conversations.services import exchanges, recovery, runs, streams
from conversations.tests.chat import Tab, stored, text_of
from conversations.tests.conftest import DOSE
from voiceassist.ai.tests import model_server as told

pytestmark = pytest.mark.django_db(transaction=True)


async def open_answer(conversation, author, **fields):
    """Store an exchange whose answer nobody writes."""
    exchange = await database_sync_to_async(exchanges.ask)(
        by=author, conversation_id=conversation.pk, content=DOSE, client_id="c1", answer_id=uuid.uuid4()
    )
    await Message.objects.filter(pk=exchange.answer.pk).aupdate(**fields)
    return exchange.answer


async def test_an_answer_goes_on_without_the_socket_that_asked(conversation, author, model):
    model.will(told.streams_then_stalls("Start at 500 mg", " [1]"))
    tab = await Tab.open(conversation, author)
    accepted = await tab.ask(DOSE)
    first = await tab.until("message.delta")
    await tab.close()

    again = await Tab.open(conversation, author)
    await again.send("stream.resume", message_id=accepted["message_id"], after=first["seq"])
    await again.until("message.delta")
    await again.send("message.stop", message_id=accepted["message_id"])
    done = (await again.to_the_end())[-1]
    await again.close()

    assert done["content"] == "Start at 500 mg [1]"
    assert done["message"]["status"] == MessageStatus.STOPPED


async def test_a_resume_misses_nothing_and_repeats_nothing(tab, conversation, author, model):
    model.will(told.streams("Start", " at", " 500 mg", " [1]."))
    accepted = await tab.ask(DOSE)
    frames = await tab.to_the_end()

    for after in range(len(frames)):
        await tab.send("stream.resume", message_id=accepted["message_id"], after=after, request_id="r")
        again = await tab.to_the_end()
        assert [{**frame, "request_id": ""} for frame in again] == [{**f, "request_id": ""} for f in frames[after:]]


async def test_a_second_tab_sees_the_same_answer(tab, conversation, author, model):
    model.will(told.streams_then_stalls("Start at 500 mg [1]"))
    accepted = await tab.ask(DOSE)
    await tab.until("message.delta")
    other = await Tab.open(conversation, author)
    await other.send("stream.resume", message_id=accepted["message_id"], after=0)
    await model.stalled.wait()
    await other.send("message.stop", message_id=accepted["message_id"])

    assert text_of(await other.to_the_end()) == "Start at 500 mg [1]"
    assert (await tab.to_the_end())[-1]["type"] == "message.done"
    await other.close()


async def test_after_the_stream_expired_a_resume_gets_the_stored_end(tab, model):
    accepted = await tab.ask(DOSE)
    done = (await tab.to_the_end())[-1]
    async with streams.connection() as client:
        await client.delete(streams.events_key(accepted["message_id"]))
    await tab.send("stream.resume", message_id=accepted["message_id"], after=2)
    frames = await tab.to_the_end()

    assert [frame["type"] for frame in frames] == ["message.done"]
    assert frames[0]["message"] == done["message"]


async def test_a_stream_is_kept_for_an_hour_after_its_end(tab):
    accepted = await tab.ask(DOSE)
    await tab.to_the_end()

    async with streams.connection() as client:
        assert 3500 < await client.ttl(streams.events_key(accepted["message_id"])) <= 3600


async def test_a_stop_before_the_first_word_leaves_an_empty_stopped_answer(tab, model):
    model.will(told.stalls())
    accepted = await tab.ask(DOSE)
    await model.stalled.wait()
    await tab.send("message.stop", message_id=accepted["message_id"])
    done = (await tab.to_the_end())[-1]

    assert (done["type"], done["content"], done["message"]["status"]) == ("message.done", "", "stopped")


async def test_a_stopped_answer_closes_its_connection_to_the_model(tab, model):
    model.will(told.streams_then_stalls("Start"))
    accepted = await tab.ask(DOSE)
    await tab.until("message.delta")
    await tab.send("message.stop", message_id=accepted["message_id"])
    done = (await tab.to_the_end())[-1]

    assert done["message"]["status"] == "stopped"
    assert (await stored(accepted["message_id"])).content == "Start"


async def test_a_stop_after_the_end_changes_nothing(tab):
    accepted = await tab.ask(DOSE)
    done = (await tab.to_the_end())[-1]
    await tab.send("message.stop", message_id=accepted["message_id"])
    await tab.send("ping")
    assert (await tab.receive())["type"] == "pong"

    assert (await stored(accepted["message_id"])).content == done["content"]


async def test_a_cancelled_run_keeps_what_was_said_as_interrupted(tab, model):
    model.will(told.streams_then_stalls("Start at 500 mg"))
    accepted = await tab.ask(DOSE)
    await tab.until("message.delta")
    for task in runs._tasks:
        task.cancel()
    await asyncio.gather(*runs._tasks, return_exceptions=True)

    answer = await stored(accepted["message_id"])
    assert (answer.status, answer.content) == ("interrupted", "Start at 500 mg")
    failed = (await tab.to_the_end())[-1]
    assert (failed["type"], failed["partial"]) == ("message.failed", "Start at 500 mg")
    assert failed["error"]["code"] == "INTERRUPTED"


async def test_an_answer_whose_process_died_is_closed_when_its_conversation_is_opened(conversation, author):
    answer = await open_answer(conversation, author, content="Start at")
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        for seq, text in enumerate(["Start at", " 500 mg"], start=1):
            frame = f'{{"type": "message.delta", "text": "{text}"}}'
            client.xadd(streams.events_key(answer.pk), {"frame": frame}, id=f"{seq}-0")
    tab = await Tab.open(conversation, author)
    await tab.send("stream.resume", message_id=str(answer.pk), after=1)
    frames = await tab.to_the_end()
    await tab.close()

    closed = await stored(answer.pk)
    assert (closed.status, closed.content) == ("interrupted", "Start at 500 mg")
    assert [(frame["type"], frame["seq"]) for frame in frames] == [("message.delta", 2), ("message.failed", 3)]
    assert frames[-1]["partial"] == "Start at 500 mg"
    assert "server stopped" in frames[-1]["error"]["message"]


async def test_without_its_stream_a_dead_answer_keeps_what_was_stored(conversation, author):
    answer = await open_answer(conversation, author, content="Start at")
    await database_sync_to_async(recovery.close_dead_answers)(conversation_id=conversation.pk)

    closed = await stored(answer.pk)
    assert (closed.status, closed.content) == ("interrupted", "Start at")


async def test_an_answer_that_is_being_written_elsewhere_is_left_alone(conversation, author):
    answer = await open_answer(conversation, author)
    await runs._announce(answer.pk)
    await database_sync_to_async(recovery.close_dead_answers)(conversation_id=conversation.pk)

    assert (await stored(answer.pk)).status == "streaming"


async def test_a_new_question_is_taken_after_an_answer_died(conversation, author):
    await open_answer(conversation, author)
    tab = await Tab.open(conversation, author)
    await tab.ask(DOSE, client_id="c2")

    assert (await tab.to_the_end())[-1]["type"] == "message.done"
    await tab.close()


async def test_without_redis_a_question_is_refused_and_the_socket_stays(tab, settings):
    right, settings.REDIS_URL = settings.REDIS_URL, "redis://127.0.0.1:1/0"
    await tab.send("message.send", client_id="c1", content=DOSE)
    error = await tab.receive()
    settings.REDIS_URL = right

    assert (error["type"], error["code"], error["client_id"]) == ("error", "PROVIDER_UNAVAILABLE", "c1")
    assert await Message.objects.acount() == 0
    await tab.ask(DOSE, client_id="c1")
    assert (await tab.to_the_end())[-1]["type"] == "message.done"
