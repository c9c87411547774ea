"""The API does what its OpenAPI document says, whatever it is sent: schemathesis on a real server, all checks on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from knowledge.services.demonstration import load_demonstration
from tests.app_server import AppServer
from voiceassist.accounts.tests.api import PASSWORD
from voiceassist.core import system_settings

HERE = Path(__file__).parent
EXAMPLES = 5  # of each operation and phase
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")  # the same cases every time; try others by hand
ENDS_SIGN_INS = r"auth/(logout|logout-all|sessions|password/change)|admin/settings$|admin/users/"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(administrator):
    load_demonstration(on_progress=lambda _: None)
    system_settings.set_values(
        {f"{name}_per_minute": 10_000 for name in ("chat", "search", "upload", "voice")}, by_id=None
    )
    with AppServer(DJANGO_SETTINGS_MODULE="tests.unlimited_settings") as server:
        yield server


@pytest.fixture
def token(server, administrator):
    with server.client() as client:
        answer = client.post("auth/login", json={"email": administrator.email, "password": PASSWORD})
    return answer.json()["data"]["access"]


def tried(server, token, tmp_path, *more):
    """Run schemathesis; return its exit code and what it printed."""
    command = [
        *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{server.url}/api/v1/schema", "--checks", "all", "--max-examples", str(EXAMPLES), "--seed", SEED),
        *("--header", f"Authorization: Bearer {token}", *more),
    ]
    environment = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}
    return subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=900
    )


def test_every_answer_is_as_documented_and_none_is_a_server_error(server, token, tmp_path):
    done = tried(server, token, tmp_path, "--exclude-path-regex", ENDS_SIGN_INS)

    assert done.returncode == 0, done.stdout[-8000:]


def test_so_are_those_of_routes_that_end_sign_ins_or_change_the_system(server, token, tmp_path):
    done = tried(server, token, tmp_path, "--include-path-regex", ENDS_SIGN_INS)

    assert done.returncode == 0, done.stdout[-8000:]


def test_the_document_is_made_without_a_warning():
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
