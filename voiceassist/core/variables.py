"""Environment variables, where an empty one means an unset one."""

from __future__ import annotations

import environ
from environ.fileaware_mapping import FileAwareMapping


class _Given(FileAwareMapping):
    def __getitem__(self, name: str) -> str:
        value: str = super().__getitem__(name).strip()
        if not value:
            raise KeyError(name)
        return value


class Variables(environ.FileAwareEnv):
    """Reads a variable NAME, or the file that NAME_FILE points at; empty or blank counts as not given."""

    ENVIRON = _Given()
