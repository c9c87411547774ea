"""What happens while an answer is made. Each event becomes one frame of the chat socket, with a `seq`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Stage:
    """What the pipeline is doing now, in words for the reader."""

    type: ClassVar[str] = "message.stage"
    message_id: str
    stage: str


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer's text."""

    type: ClassVar[str] = "message.delta"
    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """Citation `n` is about to appear in the text for the first time. Its row exists."""

    type: ClassVar[str] = "message.citation"
    message_id: str
    n: int
    citation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete, abstained or stopped; `message.status` says which."""

    type: ClassVar[str] = "message.done"
    message_id: str
    content: str
    citations: list[dict[str, Any]]
    message: dict[str, Any]
    timestamp: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer failed or was interrupted. `error` is `{code, message}`, `partial` what was said before."""

    type: ClassVar[str] = "message.failed"
    message_id: str
    error: dict[str, str]
    partial: str
    message: dict[str, Any]
    timestamp: str


Event = Stage | Delta | Cited | Done | Failed
ENDINGS = frozenset({Done.type, Failed.type})


def as_frame(event: Event) -> dict[str, Any]:
    """Return the event as a JSON-ready frame."""
    return {"type": event.type, **asdict(event)}
