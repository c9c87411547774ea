"""The whole answer pipeline against a real OpenAI-compatible server."""

import pytest

from conversations.tests.chat import stored, text_of
from conversations.tests.conftest import DOSE
from voiceassist.ai import gateway
from voiceassist.ai.ports import ChatMessage, TimeLimits

pytestmark = [pytest.mark.llm, pytest.mark.django_db(transaction=True)]


async def to_the_end(tab):
    """Return the frames of an answer, however slowly a small model writes it."""
    frames = [await tab.socket.receive_json_from(timeout=200)]
    while frames[-1]["type"] not in {"message.done", "message.failed"}:
        frames.append(await tab.socket.receive_json_from(timeout=200))
    return frames


async def first_words(tab):
    while (frame := await tab.socket.receive_json_from(timeout=200))["type"] != "message.delta":
        pass
    return frame["text"]


async def test_a_real_server_streams_piece_by_piece(proxy):
    messages = [ChatMessage("user", "Count from one to five in words.")]
    pieces = [piece async for piece in gateway.stream_chat(messages=messages)]

    assert len(pieces) > 3
    assert "2" in "".join(pieces)


async def test_a_question_is_answered_and_stored_as_it_was_shown(tab, proxy):
    await tab.ask(DOSE)
    frames = await to_the_end(tab)

    ending = frames[-1]
    answer = await stored(ending["message_id"])
    deltas = [frame for frame in frames if frame["type"] == "message.delta"]
    assert len(deltas) > 3
    assert text_of(frames) == answer.content == ending["message"]["content"]
    assert (answer.route, answer.model_used) == ("local", "smollm2")
    assert [mark[0] for mark in answer.support] == sorted(mark[0] for mark in answer.support)
    assert answer.support
    assert answer.timing["first_token"] > 0


async def test_a_stop_keeps_what_was_said_and_frees_the_model(tab, proxy):
    accepted = await tab.ask(DOSE)
    said = await first_words(tab)
    await tab.send("message.stop", message_id=accepted["message_id"])
    done = (await to_the_end(tab))[-1]

    assert done["message"]["status"] == "stopped"
    assert done["content"].startswith(said)
    assert (await stored(accepted["message_id"])).content == done["content"]
    messages = [ChatMessage("user", "Count from one to five in words.")]
    assert [piece async for piece in gateway.stream_chat(messages=messages)]


async def test_a_connection_that_is_cut_keeps_what_was_said(tab, proxy):
    proxy.limit = 3_000
    await tab.ask(DOSE)
    frames = await to_the_end(tab)

    failed = frames[-1]
    assert failed["type"] == "message.failed"
    assert "broke off" in failed["error"]["message"]
    assert failed["partial"] == text_of(frames) == (await stored(failed["message_id"])).content != ""


async def test_a_server_that_falls_silent_is_given_up_and_the_answer_can_be_written_again(tab, proxy, settings):
    proxy.limit, proxy.stall = 3_000, True
    settings.MODEL_TIME_LIMITS = TimeLimits(first_token=120, between_tokens=2, total=300)
    accepted = await tab.ask(DOSE)
    failed = (await to_the_end(tab))[-1]
    assert failed["type"] == "message.failed"
    assert "took too long" in failed["error"]["message"]
    assert failed["partial"]

    proxy.limit, settings.MODEL_TIME_LIMITS = None, TimeLimits(total=300)
    await tab.send("message.regenerate", message_id=accepted["message_id"], client_id="again")
    again = await to_the_end(tab)
    assert len(text_of(again)) > len(failed["partial"])


async def test_a_first_word_that_does_not_come_in_time_is_told(tab, proxy, settings):
    proxy.limit, proxy.stall = 0, True
    settings.MODEL_TIME_LIMITS = TimeLimits(first_token=0.5)
    await tab.ask(DOSE)
    failed = (await to_the_end(tab))[-1]

    assert failed["type"] == "message.failed"
    assert "took too long" in failed["error"]["message"]
    assert failed["partial"] == ""
