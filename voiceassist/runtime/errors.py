"""What can go wrong with the embedded servers, each as a sentence and what to do about it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path


class RuntimeProblem(Exception):
    """Something a person can put right: `sentence` says what happened, `remedy` what to do."""

    def __init__(self, sentence: str, remedy: str = "") -> None:
        super().__init__(sentence, remedy)
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.sentence}\n{self.remedy}".strip()

    def as_dict(self) -> dict[str, str]:
        """Return plain values that `from_dict` turns back into the same problem."""
        return {"kind": type(self).__name__, "sentence": self.sentence, "remedy": self.remedy}

    @staticmethod
    def from_dict(values: dict[str, str]) -> RuntimeProblem:
        """Rebuild a problem that another process reported."""
        kinds = {kind.__name__: kind for kind in RuntimeProblem.__subclasses__()}
        kind = kinds.get(values["kind"], RuntimeProblem)
        return kind(values["sentence"], values["remedy"])


class DataDirectoryNotWritable(RuntimeProblem):
    """The data directory cannot be made or written."""


class DiskFull(RuntimeProblem):
    """There is no room left where the data lives."""


class WrongDataVersion(RuntimeProblem):
    """The data were written by another major version of PostgreSQL."""


class DataOfAnotherUser(RuntimeProblem):
    """The data belong to another user of this machine."""


class DataDirectoryCopied(RuntimeProblem):
    """The data directory is a copy of one that still exists."""


class UnsupportedPlatform(RuntimeProblem):
    """The embedded servers do not run on this system."""


class PackageMissing(RuntimeProblem):
    """A package that carries a server is not installed."""


class SystemUserMissing(RuntimeProblem):
    """The system user that runs the servers cannot be made."""


class ServerNotStarted(RuntimeProblem):
    """A server ended, or never answered, while it was being started."""


class InvalidSetting(RuntimeProblem):
    """A setting of the runtime cannot be understood."""


class PortTaken(RuntimeProblem):
    """Another program listens on the port that was asked for."""


class ChildFailed(RuntimeProblem):
    """A process that `up` looks after failed for good."""


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals about `path` into problems a person can act on."""
    try:
        yield
    except OSError as error:
        raise problem_from_os_error(error, path) from error


def problem_from_os_error(error: OSError, path: Path) -> RuntimeProblem:
    """Return the named problem behind `error`, met while working in `path`."""
    where = error.filename or path
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
        return DataDirectoryNotWritable(
            f"The data directory {path} cannot be used: {error.strerror} ({where}).",
            "Make it writable for the user who runs this, or point DATA_DIR at another directory.",
        )
    return RuntimeProblem(f"{error.strerror or error} ({where}).")


def disk_full(path: Path) -> DiskFull:
    """Return the problem of a disk without room for `path`."""
    return DiskFull(
        f"The disk that holds {path} is full.",
        "Free some space (a new database needs about 100 MB) and try again; nothing was lost.",
    )
