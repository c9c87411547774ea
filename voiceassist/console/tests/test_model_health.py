"""`/health/openai` against a small real model server."""

import pytest
from asgiref.sync import sync_to_async

from voiceassist.ai.tests import model_server as told
from voiceassist.console import health
from voiceassist.console.model_health import ask_model, model_health

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _found_out_anew():
    model_health.forget()
    health.forget()


@pytest.fixture
async def server(settings):
    async with told.ModelServer() as server:
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_MODEL = "tiny"
        settings.OPENAI_API_KEY = KEY
        yield server


async def asked(client, path="/health/openai"):
    return await sync_to_async(client.get)(path)


async def test_a_model_that_answers_is_healthy(client, server):
    answer = await asked(client)

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["outcome"], body["model"]) == ("ok", "ok", "tiny")
    assert body["latency_ms"] >= 0
    assert KEY not in answer.content.decode()
    path, headers, _ = server.requests[0]
    assert path == "/v1/models"
    assert headers["authorization"] == f"bearer {KEY}"


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (told.answers(401), "unauthorized"),
        (told.answers(404), "refused"),
        (told.answers(429), "rate_limited"),
        (told.answers(500), "server_error"),
        (told.answers(200, b"<html>"), "unreadable"),
        (told.lists("another"), "no_such_model"),
    ],
)
async def test_what_is_wrong_is_named(client, server, behaviour, outcome):
    server.listing = behaviour

    answer = await asked(client)

    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["outcome"]) == ("unavailable", outcome)
    assert "SECRET" not in answer.content.decode()


def test_no_model_at_all_is_said_clearly(client, settings):
    settings.OPENAI_BASE_URL = ""

    answer = client.get("/health/openai")

    assert answer.status_code == 503
    assert (answer.json()["status"], answer.json()["outcome"]) == ("not configured", "not_configured")


def test_a_server_that_is_gone_is_named(client, settings, unused_tcp_port):
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{unused_tcp_port}/v1"

    assert client.get("/health/openai").json()["outcome"] == "unreachable"


def test_an_endpoint_elsewhere_is_not_asked(client, settings):
    settings.OPENAI_BASE_URL = "https://example.com/v1"

    assert client.get("/health/openai").json()["outcome"] == "refused_by_policy"


async def test_a_server_that_does_not_answer_is_given_up(server, monkeypatch):
    monkeypatch.setattr("voiceassist.console.model_health.WITHIN", 0.2)
    server.listing = told.stalls()

    assert (await sync_to_async(ask_model)()).outcome == "timeout"


async def test_the_model_is_not_asked_again_for_a_while(client, server):
    first = await asked(client)
    again = await asked(client)

    assert first.json() == again.json()
    assert len(server.requests) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        (told.lists("tiny"), "ok"),
        (told.lists("another"), "ok"),
        (told.answers(401), "unavailable (unauthorized): questions fail until it is back"),
        (told.answers(500), "unavailable (server_error): questions fail until it is back"),
    ],
)
async def test_readiness_tells_whether_the_model_can_be_reached(client, server, behaviour, state):
    server.listing = behaviour

    answer = await asked(client, "/health/ready")

    assert answer.status_code == 200
    assert answer.json()["parts"]["model"] == state
