"""The files as they were received, kept under their own hash, so that keeping one twice changes nothing."""

from __future__ import annotations

from pathlib import Path

from django.core.files import File
from django.core.files.storage import default_storage


def keep_original(path: Path, *, content_hash: str) -> str:
    """Copy a file into storage and return its name there. Raises OSError, leaving nothing half-written."""
    name = f"library/{content_hash[:2]}/{content_hash}{path.suffix.lower()}"
    if default_storage.exists(name):
        return name
    scratch = f"{name}.part"
    try:
        default_storage.delete(scratch)
        with path.open("rb") as source:
            default_storage.save(scratch, File(source))
        _rename(scratch, name)
    except OSError:
        default_storage.delete(scratch)
        raise
    return name


def _rename(scratch: str, name: str) -> None:
    Path(default_storage.path(scratch)).replace(default_storage.path(name))
