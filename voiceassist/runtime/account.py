"""The system user that runs the servers when we are root, which PostgreSQL refuses to be."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from voiceassist.runtime.errors import SystemUserMissing

NAME = "voiceassist"
SYSTEM_HOME = Path("/var/lib/voiceassist")


@dataclass(frozen=True)
class Account:
    """A user and group to run as."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give `path` itself to this account."""
        os.chown(path, self.uid, self.gid)


def for_servers() -> Account | None:
    """Return who runs the servers: ourselves (None), or the system user, made on first use, when we are root.

    Raises SystemUserMissing.
    """
    if os.geteuid() != 0:
        return None
    return existing() or _created()


def existing() -> Account | None:
    """Return the system user if this machine has it."""
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _created() -> Account:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise _missing("there is no useradd here")
    command = [useradd, "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", str(SYSTEM_HOME), "--shell", "/usr/sbin/nologin", NAME]
    plain = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=plain)
    account = existing()
    if account is None:
        raise _missing(done.stderr.strip() or f"useradd ended with {done.returncode}")
    return account


def _missing(reason: str) -> SystemUserMissing:
    return SystemUserMissing(
        f"PostgreSQL does not run as root, and the system user {NAME!r} cannot be made: {reason}.",
        f"Run this as a normal user, make a system user named {NAME!r}, or set DATABASE_URL and REDIS_URL.",
    )
