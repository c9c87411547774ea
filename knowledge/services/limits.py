from __future__ import annotations

from django.conf import settings

from voiceassist.files.limits import MEGABYTE, Limits


def library_limits() -> Limits:
    """Return the bounds for files of the library, from the settings."""
    return Limits(max_bytes=settings.LIBRARY_MAX_FILE_SIZE_MB * MEGABYTE)
