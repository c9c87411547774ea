"""The demonstration knowledge base: short monographs written for this project, loaded on the first start.

Their vectors are shipped too, so that a first start does not wait for the embedding model; a passage whose vectors
are not in the file is embedded as any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from django.utils import timezone

from knowledge import demo
from knowledge.models import Collection, Document
from knowledge.services.importing import ImportReport, Report, get_collection, import_path
from knowledge.services.limits import library_limits
from voiceassist.ai.embedding import embed_with_spans, embedder
from voiceassist.ai.ports import FloatArray, Span, TextVectors

MONOGRAPHS = Path(demo.__file__).parent / "monographs"
VECTORS = Path(demo.__file__).parent / "vectors.npz"


def load_demonstration(*, on_progress: Report) -> ImportReport:
    """Import the monographs until that was done once in full: a curator may have removed some since.

    A library that holds documents of its own is left alone.
    """
    collection = get_collection()
    if collection.demonstration_at or Document.objects.filter(collection=collection, is_demonstration=False).exists():
        return ImportReport()
    report = import_path(
        path=MONOGRAPHS,
        collection=collection,
        limits=library_limits(),
        on_progress=on_progress,
        embed=embed_from_shipped,
    )
    if not report.problems:
        Collection.objects.filter(pk=collection.pk).update(demonstration_at=timezone.now())
    return report


def embed_from_shipped(texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[TextVectors]:
    """Return shipped vectors where there are any, and the model's for the rest."""
    keys = [_key(text, places) for text, places in zip(texts, spans, strict=True)]
    missing = [place for place, key in enumerate(keys) if key not in _shipped()]
    fresh = embed_with_spans([texts[place] for place in missing], [spans[place] for place in missing])
    computed = dict(zip(missing, fresh, strict=True))
    return [computed[place] if place in computed else _split(_shipped()[key]) for place, key in enumerate(keys)]


def write_vectors(texts: Sequence[str], spans: Sequence[Sequence[Span]], path: Path = VECTORS) -> None:
    """Write the file that is shipped: by key, an array of float16 with the text's vector first."""
    vectors = embed_with_spans(texts, spans)
    keys = [_key(text, places) for text, places in zip(texts, spans, strict=True)]
    rows = {key: np.vstack([one.text[None], one.spans]) for key, one in zip(keys, vectors, strict=True)}
    np.savez_compressed(path, **{key: rows[key].astype(np.float16) for key in sorted(rows)})


def _key(text: str, spans: Sequence[Span]) -> str:
    return hashlib.sha256(f"{embedder().name}\n{list(spans)}\n{text}".encode()).hexdigest()


@lru_cache(maxsize=1)
def _shipped() -> dict[str, FloatArray]:
    if not VECTORS.exists():
        return {}
    with np.load(VECTORS, allow_pickle=False) as file:
        return {key: file[key].astype(np.float32) for key in file.files}


def _split(rows: FloatArray) -> TextVectors:
    return TextVectors(text=rows[0], spans=rows[1:])
