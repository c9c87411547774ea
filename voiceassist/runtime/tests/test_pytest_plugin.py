"""The throw-away servers around a test run."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from voiceassist.runtime.environment import PROJECT_ROOT
from voiceassist.runtime.lease import Files
from voiceassist.runtime.pytest_plugin import throwaway_directory
from voiceassist.runtime.server import NAMES
from voiceassist.runtime.tests.conftest import all_end, backends, environment_without_servers

PRINT = """
import json, os, time
def test_environment():
    found = {name: os.environ.get(name) for name in ("DATABASE_URL", "REDIS_URL", "DATA_DIR", "PYTEST_XDIST_WORKER")}
    with open(os.environ["TOLD"], "a") as told:
        print(json.dumps(found), file=told, flush=True)
    time.sleep(float(os.environ.get("DURATION", "0")))
def test_again():
    test_environment()
"""


class Run:
    """A test run of its own, which tells in a named pipe what its tests saw."""

    def __init__(self, directory: Path, *options: str, **variables: str) -> None:
        (directory / "test_it.py").write_text(PRINT)
        (directory / "pytest.ini").write_text("[pytest]\n")
        os.mkfifo(directory / "told")
        self.told = os.open(directory / "told", os.O_RDWR)  # for writing too, so that it does not end between writers
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "voiceassist.runtime.pytest_plugin", *options, str(directory)],
            env=environment_without_servers(
                TOLD=str(directory / "told"),
                PYTHONPATH=f"{PROJECT_ROOT}:{os.environ.get('PYTHONPATH', '')}",
                PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
                **variables,
            ),
            cwd=directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def environments(self, count: int) -> list[dict[str, str]]:
        """Wait for what `count` tests saw."""
        text = b""
        while text.count(b"\n") < count:
            if not select.select([self.told], [], [], 30)[0]:
                self.process.kill()
                self.end()
                pytest.fail("the tests never ran")
            text += os.read(self.told, 65536)
        return [json.loads(line) for line in text.splitlines()]

    def end(self) -> int:
        os.close(self.told)
        return self.process.wait()


def family(data_dir: str) -> list:
    states = [Files(name, Path(data_dir) / "run").running() for name in NAMES]
    servers = [who for state in states for who in (state.keeper, state.server)]
    return [*servers, *backends(states[0].server)]


def test_workers_inherit_one_set_of_servers(tmp_path):
    run = Run(tmp_path, "-p", "xdist", "-n", "2")
    first, second = run.environments(2)
    assert {first.pop("PYTEST_XDIST_WORKER"), second.pop("PYTEST_XDIST_WORKER")} <= {"gw0", "gw1"}
    assert first == second
    assert run.end() == 0
    assert not Path(first["DATA_DIR"]).exists()


def test_a_given_url_is_left_alone(tmp_path):
    run = Run(tmp_path, DATABASE_URL="postgres://given")
    found = run.environments(2)[0]
    assert found["DATABASE_URL"] == "postgres://given"
    assert found["REDIS_URL"].startswith("redis://")
    assert run.end() == 0


def test_ctrl_c_leaves_nothing(tmp_path):
    run = Run(tmp_path, DURATION="600")
    found = run.environments(1)[0]
    everyone = family(found["DATA_DIR"])
    run.process.send_signal(signal.SIGINT)
    run.end()
    assert all_end(*everyone)
    assert not Path(found["DATA_DIR"]).exists()


@pytest.mark.parametrize("victim", ["pytest", "keepers too"])
def test_kill_leaves_no_process_and_the_next_run_sweeps_the_rest(tmp_path, victim):
    run = Run(tmp_path, DURATION="600")
    data_dir = Path(run.environments(1)[0]["DATA_DIR"])
    everyone = family(str(data_dir))
    run.process.kill()
    for who in everyone if victim == "keepers too" else ():
        who.send(signal.SIGKILL)
    run.end()
    assert all_end(*everyone)
    with throwaway_directory(data_dir.parent):
        assert not data_dir.exists()


def test_the_sweep_spares_what_is_in_use_and_what_is_not_its_own(tmp_path):
    stranger = tmp_path / "tmp-somebody"
    stranger.mkdir()
    with throwaway_directory(tmp_path) as first, throwaway_directory(tmp_path) as second:
        assert first.exists()
        assert second.exists()
    assert list(tmp_path.glob(".tmp-*")) == []
    assert stranger.exists()
