import logging

import pytest

from voiceassist.ai import gateway
from voiceassist.ai.errors import USER_MESSAGES, ModelUnavailable, Reason
from voiceassist.ai.ports import ChatMessage, TimeLimits
from voiceassist.ai.tests import model_server as told

QUESTION = [ChatMessage("user", "SECRET PROMPT")]
SHORT = TimeLimits(connect=1, first_token=0.3, between_tokens=0.3, total=5)
PATIENT = TimeLimits()


@pytest.fixture
async def server(settings):
    async with told.ModelServer() as server:
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_MODEL = "tiny"
        yield server


async def said(limits=PATIENT):
    """Return what was said and why it ended, None for a good end."""
    text = ""
    try:
        async for piece in gateway.stream_chat(messages=QUESTION, limits=limits):
            text += piece
    except ModelUnavailable as error:
        return text, error.reason
    return text, None


async def test_an_answer_arrives_in_pieces(server):
    server.will(told.streams("Rest", " helps", " [1]."))

    assert await said() == ("Rest helps [1].", None)
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "bearer none"
    assert body["stream"] is True
    assert body["model"] == "tiny"
    assert body["messages"] == [{"role": "user", "content": "SECRET PROMPT"}]


@pytest.mark.parametrize(
    ("behaviour", "text", "reason"),
    [
        (told.answers(400), "", Reason.REFUSED),
        (told.answers(401), "", Reason.UNAUTHORIZED),
        (told.answers(403), "", Reason.UNAUTHORIZED),
        (told.answers(404), "", Reason.REFUSED),
        (told.answers(429, Retry_After="60"), "", Reason.RATE_LIMITED),
        (told.answers(429, Retry_After="0"), "", Reason.RATE_LIMITED),
        (told.answers(500), "", Reason.SERVER_ERROR),
        (told.stalls(), "", Reason.TIMEOUT),
        (told.streams_then_stalls("Rest"), "Rest", Reason.TIMEOUT),
        (told.streams_then_cuts("Rest"), "Rest", Reason.CUT),
        (told.streams_then_ends_early("Rest"), "Rest", Reason.CUT),
        (told.streams_an_error("Rest"), "Rest", Reason.SERVER_ERROR),
        (told.sends_garbage("Rest"), "Rest", Reason.UNREADABLE),
        (told.sends_another_shape(), "", Reason.UNREADABLE),
        (told.streams("Rest", finish="length"), "Rest", Reason.TOO_LONG),
        (told.streams("Rest", finish="content_filter"), "Rest", Reason.REFUSED),
        (told.never_ends_a_line(), "", Reason.TOO_LONG),
    ],
)
async def test_every_fault_has_a_name_and_keeps_what_was_said(server, behaviour, text, reason):
    server.will(behaviour)

    assert await said(SHORT if reason is Reason.TIMEOUT else PATIENT) == (text, reason)


async def test_an_answer_without_end_is_cut_at_the_limit(server):
    server.will(told.never_stops())

    text, reason = await said()

    assert reason is Reason.TOO_LONG
    assert gateway.ANSWER_LIMIT - 1000 < len(text) <= gateway.ANSWER_LIMIT


async def test_a_busy_server_is_asked_again_after_the_time_it_named(server):
    server.will(told.answers(429, Retry_After="0"), told.answers(503), told.streams("Rest"))

    assert await said() == ("Rest", None)
    assert len(server.requests) == 3


async def test_a_server_that_wants_a_long_pause_is_not_asked_again(server):
    server.will(told.answers(429, Retry_After="60"))

    await said()

    assert len(server.requests) == 1


@pytest.mark.parametrize("behaviour", [told.answers(401), told.stalls(), told.streams_then_cuts("Rest")])
async def test_nothing_else_is_asked_again(server, behaviour):
    server.will(behaviour)

    await said(SHORT)

    assert len(server.requests) == 1


async def test_a_redirect_is_not_followed(server):
    async with told.ModelServer() as elsewhere:
        server.will(told.answers(307, Location=f"{elsewhere.url}/chat/completions"))

        assert await said() == ("", Reason.REDIRECTED)
        assert elsewhere.requests == []


async def test_a_proxy_of_the_environment_is_not_used(server, monkeypatch):
    async with told.ModelServer() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        assert await said() == ("Rest helps [1].", None)
        assert proxy.requests == []


async def test_a_server_that_is_not_there_is_unreachable(settings):
    async with told.ModelServer() as server:
        settings.OPENAI_BASE_URL = server.url

    assert await said() == ("", Reason.UNREACHABLE)


async def test_the_whole_answer_has_a_deadline(server):
    server.will(told.streams_then_stalls("Rest"))

    assert await said(TimeLimits(total=0.3)) == ("Rest", Reason.TIMEOUT)


async def test_no_log_and_no_error_repeats_the_prompt_or_the_answer(server, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    for behaviour in (told.answers(500), told.streams_an_error("ANSWER"), told.sends_garbage("ANSWER")):
        server.will(behaviour)
        with pytest.raises(ModelUnavailable) as caught:
            _ = [piece async for piece in gateway.stream_chat(messages=QUESTION, limits=SHORT)]
        assert "SECRET" not in repr(caught.value) + str(caught.value)
        assert caught.value.__cause__ is None

    assert "SECRET" not in caplog.text
    assert "ANSWER" not in caplog.text


def test_every_reason_tells_the_user_what_happened_what_was_kept_and_what_to_do():
    assert set(USER_MESSAGES) == set(Reason)
    for message in USER_MESSAGES.values():
        assert message.startswith("The ")
        assert "kept" in message
        assert "Regenerate" in message
        assert len(message) <= 300
