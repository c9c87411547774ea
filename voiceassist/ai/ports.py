"""What the application asks of models. Only the gateway and `embedding` call what implements it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
Span = tuple[int, int]  # half-open character offsets


class ModelFileDamaged(Exception):
    """A weight file is missing, or is not the one that was tested. The message names it."""


@dataclass(frozen=True, slots=True)
class TextVectors:
    """A text's unit vector, shape (dimension,), and one for each span of it, shape (spans, dimension)."""

    text: FloatArray
    spans: FloatArray


class Embedder(Protocol):
    """A model that places texts in a vector space."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Return unit vectors, shape (texts, dimension)."""
        ...

    def embed_with_spans(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[TextVectors]:
        """Return a unit vector for each text and for each character span in it."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return the length of a text in the model's own tokens."""
        ...


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a chat prompt, as the Chat Completions protocol knows it."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a streamed answer may take, in seconds.

    `first_token` counts from sending the request, `between_tokens` from the last piece of text,
    `total` from the first attempt to the last piece.
    """

    connect: float = 5.0
    first_token: float = 120.0
    between_tokens: float = 30.0
    total: float = 600.0


class ChatModel(Protocol):
    """A model that answers a chat prompt piece by piece."""

    name: str

    def stream(self, messages: Sequence[ChatMessage], *, connect_timeout: float) -> AsyncGenerator[str, None]:
        """Yield the answer's text in order, never an empty piece. Raises ModelUnavailable."""
        ...

    async def models(self, *, connect_timeout: float) -> list[str]:
        """Return the names of the models at the same endpoint. Raises ModelUnavailable."""
        ...

    async def embedding_dimension(self, model: str, *, connect_timeout: float) -> int:
        """Return the length of the vectors of an embedding model there. Raises ModelUnavailable."""
        ...
