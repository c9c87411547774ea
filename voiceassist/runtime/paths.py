"""Where the servers keep their files."""

from __future__ import annotations

import os
import pwd
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from voiceassist.runtime.account import SYSTEM_HOME, Account
from voiceassist.runtime.errors import DataDirectoryCopied, DataOfAnotherUser, explained

POINTER = "servers-home"


@dataclass(frozen=True)
class Home:
    """A data directory, and the directory in which the servers' own files live.

    They are the same for a normal user. Root's data directory may be closed to the system user that
    runs the servers, so their files live under /var/lib/voiceassist, and a pointer file names the place.
    """

    data_dir: Path
    servers_dir: Path

    @property
    def run_dir(self) -> Path:
        """Locks and states of what runs now."""
        return self.data_dir / "run"

    @property
    def logs_dir(self) -> Path:
        """Logs of every process."""
        return self.data_dir / "logs"

    @property
    def metrics_dir(self) -> Path:
        """What the processes of this run count (PROMETHEUS_MULTIPROC_DIR)."""
        return self.run_dir / "metrics"

    def make(self) -> None:
        """Create the directories. Raises DataDirectoryNotWritable, DiskFull."""
        with explained(self.data_dir):
            for directory in (self.data_dir, self.run_dir, self.logs_dir):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            _probe(self.run_dir)


def _probe(directory: Path) -> None:
    """Write and remove a byte: permission bits do not tell about read-only mounts."""
    probe = directory / f".probe-{os.getpid()}"
    probe.write_bytes(b".")
    probe.unlink()


def home(data_dir: Path, account: Account | None) -> Home:
    """Return the home for `data_dir`, made if need be.

    Raises DataDirectoryNotWritable, DiskFull, DataOfAnotherUser, DataDirectoryCopied.
    """
    data_dir = data_dir.resolve()
    if account is None or data_dir.is_relative_to(SYSTEM_HOME):
        found = Home(data_dir, data_dir)
        found.make()
        if account:
            data_dir.chmod(0o711)  # the system user must pass through to its files
        return found
    _check_not_of_another_user(data_dir)
    Home(data_dir, data_dir).make()
    with explained(SYSTEM_HOME):
        return Home(data_dir, _pointed_at(data_dir) or _new_servers_dir(data_dir))


def _check_not_of_another_user(data_dir: Path) -> None:
    cluster = data_dir / "postgres"
    if cluster.is_dir() and (uid := cluster.stat().st_uid) != 0:
        owner = _user_name(uid)
        raise DataOfAnotherUser(
            f"The data in {data_dir} belong to the user {owner}, and this runs as root.",
            f"Run the command as {owner}, or point DATA_DIR at another directory.",
        )


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _pointed_at(data_dir: Path) -> Path | None:
    pointer = data_dir / POINTER
    if not pointer.exists():
        return None
    servers_dir = Path(pointer.read_text(encoding="utf-8").strip())
    if not servers_dir.is_dir():
        return None
    _claim(servers_dir, data_dir)
    return servers_dir


def _claim(servers_dir: Path, data_dir: Path) -> None:
    """Follow a data directory that was moved; refuse to share the files with a copy of it."""
    note = servers_dir / "belongs-to"
    owner = Path(note.read_text(encoding="utf-8").strip()) if note.exists() else data_dir
    if owner != data_dir and (owner / POINTER).exists():
        raise DataDirectoryCopied(
            f"{data_dir} is a copy of {owner}, and both name the same database files.",
            f"Delete {data_dir / POINTER} to start the copy with an empty database.",
        )
    note.write_text(f"{data_dir}\n", encoding="utf-8")


def _new_servers_dir(data_dir: Path) -> Path:
    slug = re.sub(r"[^A-Za-z0-9]+", "-", f"{data_dir.parent.name}-{data_dir.name}").strip("-")
    servers_dir = SYSTEM_HOME / f"{slug[:40]}-{secrets.token_hex(4)}"
    make_system_home()
    servers_dir.mkdir()
    servers_dir.chmod(0o711)
    _claim(servers_dir, data_dir)
    (data_dir / POINTER).write_text(f"{servers_dir}\n", encoding="utf-8")
    return servers_dir


def make_system_home() -> None:
    """Create /var/lib/voiceassist, open to be passed through whatever our umask is."""
    SYSTEM_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
    SYSTEM_HOME.chmod(0o755)
