"""What is known before the search: the question, and what was said before it on this branch."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from conversations import queries
from conversations.models import Message, MessageRole, MessageStatus
from conversations.services import answers
from voiceassist.ai.ports import ChatMessage
from voiceassist.evidence.markers import without_markers
from voiceassist.evidence.questions import standing_alone

HISTORY_MESSAGES = 6
HISTORY_LENGTH = 4_000  # characters, of all earlier messages together

_WORTH_TELLING = frozenset({MessageStatus.COMPLETE, MessageStatus.STOPPED})


@dataclass(frozen=True, slots=True)
class Gathered:
    """The question, the open answer to it, and earlier turns, oldest first.

    `sought` is what is searched for: the question, with the one before where it cannot be understood without.
    """

    answer_id: uuid.UUID
    question: str
    sought: str
    history: tuple[ChatMessage, ...]


def gather(answer_id: uuid.UUID) -> Gathered:
    """Read what an answer starts from."""
    question = answers.load(answer_id).parent
    assert question is not None  # noqa: S101  (an answer is made together with its question)
    earlier = queries.thread_before(question)
    asked_before = [message.content for message in earlier if message.role == MessageRole.USER]
    sought = standing_alone(question.content, before=asked_before[-1] if asked_before else "")
    return Gathered(answer_id, question.content, sought, _bounded(earlier))


def _bounded(thread: list[Message]) -> tuple[ChatMessage, ...]:
    """Keep the latest turns that fit, without markers: their numbers mean nothing in a new answer."""
    kept: list[ChatMessage] = []
    left = HISTORY_LENGTH
    told = [message for message in thread if message.content and message.status in _WORTH_TELLING]
    for message in reversed(told[-HISTORY_MESSAGES:]):
        content = without_markers(message.content)
        left -= len(content)
        if left < 0:
            break
        kept.append(ChatMessage("user" if message.role == MessageRole.USER else "assistant", content))
    return tuple(reversed(kept))
