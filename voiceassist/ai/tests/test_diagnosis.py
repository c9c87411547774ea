"""The check of the configured model, step by step, against a small real server."""

import asyncio
import io
import json
import ssl
import subprocess
import sys

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command

from voiceassist.ai.diagnosis import Outcome, diagnose
from voiceassist.ai.tests import model_server as told

KEY = "sk-very-secret"


@pytest.fixture
async def server(settings):
    async with told.ModelServer() as server:
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_MODEL = "tiny"
        settings.OPENAI_API_KEY = KEY
        yield server


async def steps():
    return [step async for step in diagnose()]


async def last():
    """Return the name, cause and cure of the step that failed."""
    taken = await steps()
    assert [step.outcome for step in taken[:-1]] == [Outcome.OK] * (len(taken) - 1)
    assert taken[-1].outcome is Outcome.FAILED
    return taken[-1].name, taken[-1].cause, taken[-1].cure


async def test_a_model_that_works_passes_every_step(server):
    taken = await steps()

    assert [(step.name, step.outcome) for step in taken] == [
        ("settings", "ok"),
        ("policy", "ok"),
        ("connection", "ok"),
        ("key and model", "ok"),
        ("streaming chat", "ok"),
        ("embeddings", "skipped"),
    ]
    assert KEY not in str(taken)


async def test_an_embedding_model_is_tried_where_one_is_configured(server, settings):
    settings.OPENAI_EMBEDDING_MODEL = "small"

    assert (await steps())[-1].detail == "small gives vectors of 3 numbers"

    server.embedding = told.answers(404)
    assert (await last())[0] == "embeddings"


async def test_no_model_is_named_first(settings):
    settings.OPENAI_BASE_URL = ""

    name, cause, cure = await last()

    assert name == "settings"
    assert cause.startswith("OPENAI_BASE_URL is not set")
    assert "OPENAI_MODEL" in cure


async def test_an_endpoint_elsewhere_is_refused_by_policy_and_not_asked(settings):
    settings.OPENAI_BASE_URL = "https://example.com/v1"

    name, cause, cure = await last()

    assert (name, cause) == ("policy", "Refused by policy: OPENAI_BASE_URL does not name an address of this machine.")
    assert "on this machine" in cure


async def test_a_port_where_nothing_listens_is_named(settings, unused_tcp_port):
    settings.OPENAI_BASE_URL = f"http://127.0.0.1:{unused_tcp_port}/v1"

    assert await last() == (
        "connection",
        f"Nothing listens on 127.0.0.1:{unused_tcp_port}.",
        "Start the model server, or correct OPENAI_BASE_URL.",
    )


async def test_a_server_without_tls_is_named(server, settings, monkeypatch):
    monkeypatch.setattr("voiceassist.ai.diagnosis.SECONDS", 0.5)
    settings.OPENAI_BASE_URL = server.url.replace("http:", "https:")

    name, cause, _ = await last()

    assert (name, cause) == ("connection", f"127.0.0.1:{server.port} does not speak TLS.")


async def test_a_certificate_that_nobody_signed_is_named(settings, tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    options = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    await asyncio.to_thread(
        subprocess.run, ["openssl", *options, "-keyout", key, "-out", certificate], check=True, capture_output=True
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        settings.OPENAI_BASE_URL = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        name, cause, _ = await last()

    assert name == "connection"
    assert "is not trusted: self" in cause


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [
        (told.answers(401), "does not accept the key"),
        (told.answers(403), "does not accept the key"),
        (told.answers(404), "refuses the request"),
        (told.answers(429), "429"),
        (told.answers(500), "5xx"),
        (told.answers(302, Location="http://127.0.0.1:9/"), "redirects"),
        (told.answers(200, b"<html>"), "does not speak the OpenAI protocol"),
    ],
)
async def test_what_the_server_says_to_the_key_has_a_cause_and_a_cure(server, behaviour, cause):
    server.listing = behaviour

    name, found, cure = await last()

    assert name == "key and model"
    assert cause in found
    assert cure
    assert KEY not in found + cure
    assert "SECRET" not in found + cure


async def test_a_model_that_is_not_there_is_told_with_those_that_are(server):
    server.listing = told.lists("small", "large")

    assert await last() == (
        "key and model",
        "The key is accepted, but there is no model tiny.",
        "Set OPENAI_MODEL to one of: large, small.",
    )


async def test_of_very_many_models_the_first_are_told(server):
    server.listing = told.lists(*(f"model-{number:02}" for number in range(30)))

    assert (await last())[2].endswith("model-19 and 10 more.")


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [
        (told.answers(404), "refuses the request"),
        (told.answers(429, Retry_After="60"), "quota"),
        (told.streams(), "empty"),
        (told.streams_then_cuts(), "broke off"),
    ],
)
async def test_an_answer_that_does_not_stream_is_named(server, behaviour, cause):
    server.will(behaviour)

    name, found, _ = await last()

    assert name == "streaming chat"
    assert cause in found


def run(*options):
    """Run the command; return what it printed and its exit code."""
    said = io.StringIO()
    try:
        call_command("check_openai", *options, stdout=said)
    except SystemExit as ended:
        return said.getvalue(), ended.code
    return said.getvalue(), 0


async def test_the_command_says_so_line_by_line(server):
    said, code = await sync_to_async(run, thread_sensitive=False)()

    assert code == 0
    assert said.splitlines()[-1] == "The model can be used."
    assert said.splitlines()[4].split() == ["ok", "streaming", "chat", "the", "answer", "begins", "to", "stream"]


async def test_the_command_says_what_to_do_and_fails(server):
    server.listing = told.answers(401)

    said, code = await sync_to_async(run, thread_sensitive=False)("--verbose")

    assert code == 1
    assert "what to do:     Set OPENAI_API_KEY to a valid key that may use this model." in said
    assert "ms)" in said
    assert said.splitlines()[-1] == "The model cannot be used."
    assert KEY not in said


async def test_a_program_gets_the_same_as_json(server):
    server.listing = told.lists("large")

    said, code = await sync_to_async(run, thread_sensitive=False)("--json")

    report = json.loads(said)
    assert (code, report["ok"], report["model"]) == (1, False, "tiny")
    assert report["steps"][-1]["cure"] == "Set OPENAI_MODEL to one of: large."


def test_an_endpoint_elsewhere_is_refused_before_anything_starts(settings, tmp_path):
    command = [sys.executable, "manage.py", "check_openai"]
    environment = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), "OPENAI_BASE_URL": "https://example.com/v1"}

    done = subprocess.run(
        command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    assert done.stderr.startswith("OPENAI_BASE_URL does not name an address of this machine.")
    assert "Traceback" not in done.stderr
