"""The files as they were received, kept under their own hash, so that keeping one twice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage

from knowledge.models import Document
from voiceassist.files.opening import reading


def keep_original(path: Path, *, content_hash: str) -> str:
    """Copy a file into storage and return its name there, which says nothing of the name it came under.

    Raises UnopenedFile when it cannot be read, OSError when storage cannot be written, leaving nothing half-written.
    """
    name = f"library/{content_hash[:2]}/{content_hash}"
    if default_storage.exists(name):
        return name
    scratch = f"{name}.part"
    try:
        default_storage.delete(scratch)
        with reading(path.name):
            source = path.open("rb")
        with source:
            default_storage.save(scratch, _Source(source, name=path.name))
        _rename(scratch, name)
    except BaseException:
        default_storage.delete(scratch)
        raise
    return name


def drop_original(name: str) -> None:
    """Delete a kept file unless a document still has it; the same content may be in another collection."""
    if name and not Document.objects.filter(file=name).exists():
        default_storage.delete(name)


class _Source(File):  # type: ignore[type-arg]
    """A file whose own errors can be told from those of the storage that it goes to."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        with reading(self.name or ""):
            yield from super().chunks(chunk_size)


def _rename(scratch: str, name: str) -> None:
    Path(default_storage.path(scratch)).replace(default_storage.path(name))
