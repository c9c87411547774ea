from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand

from knowledge.services.demonstration import MONOGRAPHS, VECTORS, write_vectors
from knowledge.services.identity import document_id, file_hash
from knowledge.services.limits import library_limits
from knowledge.services.preparing import Incoming, prepare
from voiceassist.ai.embedding import embed_with_spans
from voiceassist.ai.ports import Span, TextVectors
from voiceassist.files.extraction import read_documents


class Command(BaseCommand):
    help = "Compute the vectors of the demonstration monographs again. Run it after changing one of them."

    def handle(self, *_: Any, **__: Any) -> None:
        texts: list[str] = []
        spans: list[Sequence[Span]] = []

        def note(some: Sequence[str], places: Sequence[Sequence[Span]]) -> list[TextVectors]:
            texts.extend(some)
            spans.extend(places)
            return embed_with_spans(some, places)

        prepare([_incoming(path) for path in sorted(MONOGRAPHS.glob("*.md"))], embed=note)
        write_vectors(texts, spans)
        self.stdout.write(f"Wrote the vectors of {len(texts)} passages to {VECTORS.name}.")


def _incoming(path: Any) -> Incoming:
    content_hash = file_hash(path)
    (extracted,) = read_documents(path, limits=library_limits())
    return Incoming(document_id(scope="library", content_hash=content_hash), content_hash, extracted)
