import pytest
from prometheus_client import REGISTRY

from voiceassist.ai import gateway
from voiceassist.ai.errors import ModelUnavailable
from voiceassist.ai.ports import ChatMessage
from voiceassist.ai.tests import model_server as told

QUESTION = [ChatMessage("user", "SECRET PROMPT")]


@pytest.fixture
async def server(settings):
    async with told.ModelServer() as server:
        settings.OPENAI_BASE_URL = server.url
        yield server


def calls(outcome):
    labels = {"provider": "openai_compatible", "route": "local", "outcome": outcome}
    return REGISTRY.get_sample_value("voiceassist_model_calls_total", labels) or 0


def timed():
    labels = {"provider": "openai_compatible", "route": "local"}
    return REGISTRY.get_sample_value("voiceassist_model_call_duration_seconds_count", labels) or 0


async def ask(*, pieces=None):
    stream = gateway.stream_chat(messages=QUESTION)
    said = 0
    async for _ in stream:
        said += 1
        if said == pieces:
            await stream.aclose()


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [(told.streams("Rest"), "ok"), (told.answers(401), "unauthorized"), (told.streams_then_cuts("Rest"), "cut")],
)
async def test_a_call_is_counted_once_by_its_outcome(server, behaviour, outcome):
    server.will(behaviour)
    before = calls(outcome), timed()

    try:
        await ask()
    except ModelUnavailable:
        assert outcome != "ok"

    assert (calls(outcome), timed()) == (before[0] + 1, before[1] + 1)


async def test_a_reader_who_goes_away_counts_as_stopped(server):
    server.will(told.never_stops())
    before = calls("stopped")

    await ask(pieces=1)

    assert calls("stopped") == before + 1
