"""Whether the configured model can be used, found out step by step, with a cause and a cure for each failure."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from voiceassist.ai import gateway
from voiceassist.ai.checks import check_endpoint
from voiceassist.ai.errors import ModelUnavailable, Reason
from voiceassist.ai.ports import ChatMessage, TimeLimits

SECONDS = 10.0  # for each step but the chat
LIMITS = TimeLimits(connect=SECONDS, first_token=60.0, between_tokens=30.0, total=60.0)
SHOWN = 20  # model names
QUESTION = [ChatMessage("user", "Reply with the one word: ready")]


class Outcome(StrEnum):
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class Failed(Exception):
    """A step failed: why, and what to do about it."""

    def __init__(self, cause: str, cure: str) -> None:
        self.cause, self.cure = cause, cure
        super().__init__(cause)


class NothingToDo(Exception):
    """A step does not apply; the text says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried. `detail` says what was found; `cause` and `cure` are for a failed one."""

    name: str
    outcome: Outcome
    milliseconds: int
    detail: str = ""
    cause: str = ""
    cure: str = ""


async def diagnose() -> AsyncIterator[Step]:
    """Yield each step as it is done; after a failure the rest would only repeat it, so it is the last."""
    for name, attempt in STEPS.items():
        step = await _taken(name, attempt)
        yield step
        if step.outcome is Outcome.FAILED:
            return


async def _taken(name: str, attempt: Callable[[], Awaitable[str]]) -> Step:
    began = time.perf_counter()

    def done(outcome: Outcome, *, detail: str = "", cause: str = "", cure: str = "") -> Step:
        return Step(name, outcome, round((time.perf_counter() - began) * 1000), detail, cause, cure)

    try:
        return done(Outcome.OK, detail=await attempt())
    except NothingToDo as reason:
        return done(Outcome.SKIPPED, detail=str(reason))
    except Failed as failure:
        return done(Outcome.FAILED, cause=failure.cause, cure=failure.cure)
    except ModelUnavailable as error:
        cause, cure = _EXPLANATIONS[error.reason]
        return done(Outcome.FAILED, cause=cause, cure=cure)


async def _check_settings() -> str:
    if not settings.OPENAI_BASE_URL:
        raise Failed(
            "OPENAI_BASE_URL is not set, so the assistant quotes its sources and calls no model.",
            "Set OPENAI_BASE_URL, OPENAI_MODEL and, if the server wants one, OPENAI_API_KEY.",
        )
    key = "a key is set" if settings.OPENAI_API_KEY else "no key is set"
    return f"model {gateway.model_name()}; {key}"


async def _check_policy() -> str:
    try:
        check_endpoint(settings.OPENAI_BASE_URL)
    except ImproperlyConfigured as refusal:
        sentence, _, remedy = str(refusal).partition(". ")
        raise Failed(f"Refused by policy: {sentence}.", remedy) from None
    return settings.OPENAI_BASE_URL


async def _check_connection() -> str:
    parts = urlsplit(settings.OPENAI_BASE_URL)
    where = f"{parts.hostname}:{_port(parts)}"
    try:
        await asyncio.to_thread(_connect, parts)
    except socket.gaierror:
        raise Failed(f"The name {parts.hostname} cannot be resolved.", "Correct OPENAI_BASE_URL, or the DNS.") from None
    except ssl.SSLCertVerificationError as error:
        cause = f"The certificate of {where} is not trusted: {error.verify_message}."
        raise Failed(cause, "Use a certificate that this machine trusts, and the name that is in it.") from None
    except ssl.SSLError:
        raise Failed(f"{where} does not speak TLS.", "Begin OPENAI_BASE_URL with http:// instead.") from None
    except ConnectionRefusedError:
        raise Failed(f"Nothing listens on {where}.", "Start the model server, or correct OPENAI_BASE_URL.") from None
    except OSError as error:
        cause = f"{where} cannot be reached: {error.strerror or 'it did not answer in time'}."
        raise Failed(cause, "Check the network, firewalls and OPENAI_BASE_URL.") from None
    return f"{where} answers" + (" over TLS" if parts.scheme == "https" else "")


def _connect(parts: SplitResult) -> None:
    with socket.create_connection((parts.hostname or "", _port(parts)), timeout=SECONDS) as connection:
        if parts.scheme == "https":
            _shake_hands(connection, parts.hostname)


def _shake_hands(connection: socket.socket, name: str | None) -> None:
    """Begin TLS; a server that does not know it waits for more, or hangs up."""
    try:
        with ssl.create_default_context().wrap_socket(connection, server_hostname=name):
            return
    except (TimeoutError, ConnectionError):
        raise ssl.SSLError from None


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


async def _check_key_and_model() -> str:
    names = sorted(await gateway.list_models(within=SECONDS))
    wanted = gateway.model_name()
    if wanted in names:
        return f"the key is accepted; {wanted} is one of {len(names)} models: {_listed(names)}"
    raise Failed(
        f"The key is accepted, but there is no model {wanted}.",
        f"Set OPENAI_MODEL to one of: {_listed(names)}." if names else "Load a model into the server.",
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


async def _check_chat() -> str:
    """Ask for one word, and hang up after the first piece of it."""
    async with aclosing(gateway.stream_chat(messages=QUESTION, limits=LIMITS)) as pieces:
        async for _ in pieces:
            return "the answer begins to stream"
    raise ModelUnavailable(Reason.EMPTY)


async def _check_embeddings() -> str:
    if not (model := getattr(settings, "OPENAI_EMBEDDING_MODEL", "")):
        raise NothingToDo("the built-in embedding model is used")
    dimension = await gateway.embedding_dimension(embedding_model=model, within=SECONDS)
    return f"{model} gives vectors of {dimension} numbers"


STEPS: dict[str, Callable[[], Awaitable[str]]] = {
    "settings": _check_settings,
    "policy": _check_policy,
    "connection": _check_connection,
    "key and model": _check_key_and_model,
    "streaming chat": _check_chat,
    "embeddings": _check_embeddings,
}

_SERVER_LOG = "Look into the log of the model server."
_EXPLANATIONS: dict[Reason, tuple[str, str]] = {
    Reason.UNREACHABLE: ("The model server takes no connection.", "Start it, or correct OPENAI_BASE_URL."),
    Reason.TIMEOUT: ("The model server did not answer in time.", "See whether it is overloaded or still loading."),
    Reason.RATE_LIMITED: (
        "The model server answers 429: too many requests, or the quota is used up.",
        "Wait a minute; if it stays, look at the plan and billing of the account that the key belongs to.",
    ),
    Reason.SERVER_ERROR: ("The model server reports an error of its own (5xx).", _SERVER_LOG),
    Reason.UNAUTHORIZED: (
        "The model server does not accept the key (401 or 403).",
        "Set OPENAI_API_KEY to a valid key that may use this model.",
    ),
    Reason.REFUSED: (
        "The model server refuses the request (4xx): the path or the model does not exist there.",
        "Check OPENAI_BASE_URL, which usually ends in /v1, and OPENAI_MODEL.",
    ),
    Reason.REDIRECTED: (
        "The model server redirects elsewhere, which is not followed.",
        "Set OPENAI_BASE_URL to the final address.",
    ),
    Reason.CUT: ("The connection broke off in the middle of the answer.", _SERVER_LOG),
    Reason.UNREADABLE: (
        "What answers there does not speak the OpenAI protocol.",
        "Check OPENAI_BASE_URL, which usually ends in /v1.",
    ),
    Reason.TOO_LONG: ("The answer ran over the length limit.", _SERVER_LOG),
    Reason.EMPTY: ("The model gave an empty answer.", _SERVER_LOG),
}
