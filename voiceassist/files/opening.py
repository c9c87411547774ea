"""Reading a source that may be gone, closed to this program, or on a failing disk."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from voiceassist.files.errors import UnopenedFile

# Our own disk is full or our own process is short of something: no fault of the file that is read.
_OUR_OWN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Raise UnopenedFile for what the operating system says against reading the file `name`."""
    try:
        yield
    except OSError as error:
        if error.errno in _OUR_OWN:
            raise
        raise UnopenedFile(name, _cause(error)) from error


def _cause(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "is no longer there"
        case PermissionError():
            return "may not be read by this program"
        case _:
            return f"could not be read: {error.strerror or type(error).__name__}"
