"""The chat page as a whole."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from conversations.contexts.rail import UNTITLED, Rail
from conversations.contexts.thread import MessageView, thread
from conversations.models import Conversation, Message
from voiceassist.accounts.models import User

MAX_QUESTION_CHARACTERS = 8_000
DEMONSTRATION_QUESTIONS = (
    "Which blood pressure defines hypertension in adults?",
    "Can metformin be started when the eGFR is between 30 and 45?",
    "When is the apixaban dose reduced in atrial fibrillation?",
)


@dataclass(frozen=True, slots=True)
class Library:
    """What there is to answer from."""

    sources: int
    demonstration: int

    @property
    def examples(self) -> tuple[str, ...]:
        """Questions that the demonstration sources answer, when they are loaded."""
        return DEMONSTRATION_QUESTIONS if self.demonstration else ()


@dataclass(frozen=True, slots=True)
class ChatPage:
    """One conversation, or with no `conversation_id` the place where one begins."""

    title: str
    conversation_id: uuid.UUID | None
    messages: list[MessageView]
    rail: Rail
    library: Library
    user_id: uuid.UUID
    user_name: str
    user_email: str
    sees_console: bool
    limit: int = MAX_QUESTION_CHARACTERS


def chat_page(
    *, user: User, rail: Rail, library: Library, conversation: Conversation | None, messages: Iterable[Message]
) -> ChatPage:
    """Build the page for `user`."""
    return ChatPage(
        title=(conversation.title or UNTITLED) if conversation else "New conversation",
        conversation_id=conversation.pk if conversation else None,
        messages=thread(messages),
        rail=rail,
        library=library,
        user_id=user.pk,
        user_name=user.get_full_name(),
        user_email=user.email,
        sees_console=user.is_staff,
    )
