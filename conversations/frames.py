"""What a client may send on the chat socket, checked before anything else sees it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from voiceassist.core.errors import DomainError, ErrorCode
from voiceassist.core.request_id import new_id, well_formed

FRAME_LIMIT = 64 * 1024  # bytes
CONTENT_LIMIT = 8_000  # characters
CLIENT_ID_LIMIT = 64  # characters


class BadFrame(DomainError):
    """The frame does not follow the contract; the message says what is wrong with it."""

    code = ErrorCode.VALIDATION_ERROR
    user_message = "This frame is not understood."


@dataclass(frozen=True, slots=True)
class Send:
    """A question. `parent_id` is the message it follows, as the client saw it."""

    client_id: str
    content: str
    parent_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Regenerate:
    """Answer again the question that `message_id`, an answer, belongs to."""

    client_id: str
    message_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Stop:
    message_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Resume:
    """Send again every event of an answer with a `seq` above `after`, and go on."""

    message_id: uuid.UUID
    after: int


@dataclass(frozen=True, slots=True)
class Ping:
    pass


ClientFrame = Send | Regenerate | Stop | Resume | Ping


def decode(text: str | None) -> dict[str, Any]:
    """Read a text frame as a JSON object. Raises BadFrame."""
    if text is None:
        raise BadFrame("Only text frames are understood.")
    if len(text) > FRAME_LIMIT or len(text.encode(errors="surrogatepass")) > FRAME_LIMIT:
        raise BadFrame(f"This frame is too large. The limit is {FRAME_LIMIT // 1024} KiB.")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("This frame is not valid JSON.") from None
    if not isinstance(data, dict):
        raise BadFrame("A frame must be a JSON object.")
    return data


def request_id_of(data: dict[str, Any]) -> str:
    """Return the client's request id when it is well-formed, a new one otherwise."""
    return well_formed(data.get("request_id")) or new_id()


def parse(data: dict[str, Any]) -> ClientFrame:
    """Check a frame's type and fields. Raises BadFrame."""
    match data.get("type"):
        case "message.send":
            return _send(data)
        case "message.regenerate":
            return Regenerate(client_id=_client_id(data), message_id=_uuid(data, "message_id"))
        case "message.stop":
            return Stop(message_id=_uuid(data, "message_id"))
        case "stream.resume":
            return Resume(message_id=_uuid(data, "message_id"), after=_count(data, "after"))
        case "ping":
            return Ping()
    raise BadFrame("This type of frame is not known.")


def _send(data: dict[str, Any]) -> Send:
    if data.get("attachments"):
        raise BadFrame("Attachments are not supported yet.")
    if data.get("sources") or data.get("use_rag", True) is not True:
        raise BadFrame("Choosing sources is not supported yet; every answer uses the whole knowledge base.")
    parent_id = _uuid(data, "parent_id") if data.get("parent_id") is not None else None
    return Send(client_id=_client_id(data), content=_content(data), parent_id=parent_id)


def _content(data: dict[str, Any]) -> str:
    content = data.get("content")
    if not isinstance(content, str):
        raise BadFrame("`content` must be text.")
    content = content.replace("\x00", "").encode(errors="replace").decode().strip()
    if not content:
        raise BadFrame("The question is empty.")
    if len(content) > CONTENT_LIMIT:
        raise BadFrame(f"The question is too long: {len(content):,} of at most {CONTENT_LIMIT:,} characters.")
    return content


def _client_id(data: dict[str, Any]) -> str:
    value = data.get("client_id")
    if not isinstance(value, str) or not 0 < len(value) <= CLIENT_ID_LIMIT or not value.isprintable():
        raise BadFrame(f"`client_id` must be text of 1 to {CLIENT_ID_LIMIT} characters.")
    return value


def _uuid(data: dict[str, Any], field: str) -> uuid.UUID:
    value = data.get(field)
    try:
        return uuid.UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise BadFrame(f"`{field}` must be a UUID.") from None


def _count(data: dict[str, Any], field: str) -> int:
    value = data.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise BadFrame(f"`{field}` must be a whole number from 0.")
    return value
