"""The embedding model in use, loaded once a process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from voiceassist.ai.ports import Embedder, FloatArray, Span, TextVectors
from voiceassist.ai.providers import minilm


@lru_cache(maxsize=1)
def embedder() -> Embedder:
    """Return the built-in model, or the one in EMBEDDING_MODEL_DIR. Raises ModelFileDamaged."""
    workers = os.cpu_count() or 1
    if settings.EMBEDDING_MODEL_DIR:
        return minilm.from_folder(Path(settings.EMBEDDING_MODEL_DIR), workers)
    return minilm.built_in(workers)


def embed_texts(texts: Sequence[str]) -> FloatArray:
    """Return unit vectors, shape (texts, dimension)."""
    return embedder().embed(texts)


def embed_with_spans(texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[TextVectors]:
    """Return a unit vector for each text and for each character span in it."""
    return embedder().embed_with_spans(texts, spans)


@lru_cache(maxsize=1)
def common_words() -> tuple[str, ...]:
    """Return the whole English words of the built-in model's WordPiece vocabulary, roughly most frequent first."""
    return minilm.whole_words()
