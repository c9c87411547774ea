"""Secrets that the embedded default makes and keeps for itself."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def kept_secret(path: Path) -> str:
    """Return the secret kept at `path`, made on first use and readable by its owner only.

    Raises ImproperlyConfigured when it can neither be read nor written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(50))
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        message = f"No SECRET_KEY is set and {path} cannot be used ({error.strerror}). Set SECRET_KEY or DATA_DIR."
        raise ImproperlyConfigured(message) from error


def _write_once(path: Path, value: str) -> None:
    """Write the file whole or not at all; the first of several writers wins."""
    if path.exists():
        return
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(value)
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()
