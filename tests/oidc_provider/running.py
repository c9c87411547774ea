"""The provider as the tests hold it: a process, and what they tell it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
CLIENT_ID, CLIENT_SECRET = "voiceassist", "a-client-secret"


@dataclass
class RunningProvider:
    address: str
    process: subprocess.Popen = field(repr=False)

    @property
    def issuer(self):
        return f"{self.address}/o"

    def knows(self, username, **claims):
        """Add a person, or change what is said of one."""
        self._tell(people={username: claims})

    def registers(self, redirect_uri):
        """Register our server as a client."""
        self._tell(client={"id": CLIENT_ID, "secret": CLIENT_SECRET, "redirect_uri": redirect_uri})

    def stop(self):
        self.process.kill()
        self.process.wait()

    def _tell(self, **what):
        requests.post(f"{self.address}/control/", json=what, timeout=10).raise_for_status()


@contextmanager
def running_provider(folder: Path) -> Iterator[RunningProvider]:
    """Start a provider; it says where it listens once it does."""
    environment = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "tests.oidc_provider.settings",
        "OIDC_PROVIDER_DIR": str(folder),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "tests.oidc_provider.serve"]
    log = folder / "provider.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            address = process.stdout.readline().strip()
            assert address, log.read_text()
            yield RunningProvider(address, process)
        finally:
            process.kill()
