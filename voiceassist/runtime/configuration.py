"""Settings that the application refuses, as a problem that a person can put right.

Django is not imported here: its exception is known by name.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator

from voiceassist.runtime.environment import PROJECT_ROOT, Environment
from voiceassist.runtime.errors import InvalidSetting
from voiceassist.runtime.loopback import is_loopback_host

REFUSED = 78  # EX_CONFIG of sysexits.h


@contextlib.contextmanager
def explained_settings() -> Iterator[None]:
    """Turn Django's ImproperlyConfigured into InvalidSetting, which is shown without a traceback."""
    try:
        yield
    except Exception as error:
        if type(error).__name__ != "ImproperlyConfigured":
            raise
        raise InvalidSetting(str(error)) from None


def check_settings(environment: Environment) -> None:
    """Let a process read the settings before servers start that others can reach. Raises InvalidSetting."""
    if is_loopback_host(environment.host):
        return  # there every secret is made; what else is wrong, the first command says
    ours = {"HOST": environment.host, "DATA_DIR": str(environment.data_dir)}
    done = subprocess.run(
        [sys.executable, "-m", "voiceassist.runtime.configuration"],
        env={**os.environ, **ours},
        cwd=PROJECT_ROOT,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    if done.returncode == REFUSED:
        raise InvalidSetting(done.stderr.strip())


def main() -> int:
    """Read the settings; say on standard error what is wrong with them."""
    try:
        with explained_settings():
            importlib.import_module("voiceassist.settings")
    except InvalidSetting as problem:
        print(problem, file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
