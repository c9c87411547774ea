"""A user who is not root, in a home that is closed to everybody else."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from voiceassist.runtime.environment import PROJECT_ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
NAME = "vatest"

START = """
import os, pathlib, sys
from voiceassist.runtime import servers, RuntimeProblem
home = pathlib.Path(sys.argv[1])
try:
    with servers(home) as addresses:
        uids = {os.stat(f"/proc/{state.server.pid}").st_uid for state in addresses.states.values()}
        print("started", uids == {os.geteuid()}, (home / "postgres").is_dir())
except RuntimeProblem as problem:
    print(type(problem).__name__, problem)
"""


@pytest.fixture(scope="module")
def user() -> pwd.struct_passwd:
    if shutil.which("useradd"):
        subprocess.run(["useradd", "--system", "--user-group", NAME], check=False, capture_output=True)
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        pytest.skip("a test user cannot be made here")


@pytest.fixture
def closed_home(user):
    with tempfile.TemporaryDirectory(prefix="closed-home-") as directory:
        os.chown(directory, user.pw_uid, user.pw_gid)
        Path(directory).chmod(0o700)
        yield Path(directory)


def run_as(user: pwd.struct_passwd, *arguments: object) -> str:
    """Run the script as the user, with a Python that the user may execute."""
    paths = [str(PROJECT_ROOT), sysconfig.get_path("purelib")]
    for python in (sys.executable, "/usr/bin/python3"):
        done = (
            subprocess.run(
                [python, "-c", START, *map(str, arguments)],
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )
            if os.access(python, os.X_OK) and reachable(python)
            else None
        )
        if done is not None:
            assert done.returncode == 0, done.stderr
            return done.stdout.strip()
    pytest.skip("no Python here that another user may execute")


def reachable(path: str) -> bool:
    """Tell whether everybody may pass through to the real file and to the checkout."""
    places = [Path(path).resolve(), PROJECT_ROOT / "voiceassist", Path(sysconfig.get_path("purelib"))]
    return all(folder.stat().st_mode & 0o001 for place in places for folder in place.parents)


def test_starts_in_a_closed_home_with_its_data_there(user, closed_home):
    assert run_as(user, closed_home / "var") == "started True True"
    assert closed_home.stat().st_mode & 0o777 == 0o700, "the permissions of parents stay as they are"


def test_a_data_directory_that_cannot_be_written_is_named(user, closed_home):
    os.chown(closed_home, 0, 0)
    closed_home.chmod(0o755)
    said = run_as(user, closed_home / "var")
    assert said.startswith("DataDirectoryNotWritable The data directory ")
    assert str(closed_home / "var") in said
    assert "point DATA_DIR at another directory" in said
