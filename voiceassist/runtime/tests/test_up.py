"""`up`, with real servers and stand-ins for the worker and the web server."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voiceassist.runtime import health, ports, up_commands
from voiceassist.runtime.environment import PROJECT_ROOT
from voiceassist.runtime.lease import Files
from voiceassist.runtime.process import Identity, wait_until
from voiceassist.runtime.server import NAMES
from voiceassist.runtime.standing import Record
from voiceassist.runtime.supervisor import standing_of
from voiceassist.runtime.tests.conftest import all_end, backends, environment_without_servers, query

SLEEP = "import time; time.sleep(600)"


class Up:
    """One `up` in a process of its own."""

    def __init__(self, data_dir: Path, *options: object) -> None:
        self.data_dir = data_dir
        self.heard: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "voiceassist.runtime.tests.up_with_stand_ins", str(data_dir), *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment_without_servers(),
            cwd=PROJECT_ROOT,
            text=True,
        )

    def hear(self, words: str) -> str:
        """Wait for a line with these words."""
        for line in self.process.stdout:
            self.heard.append(line)
            if words in line:
                return line
        pytest.fail(f"{words!r} was never said, but: {''.join(self.heard)}")

    def ends(self) -> int:
        self.heard.extend(self.process.stdout)
        return self.process.wait()

    @property
    def said(self) -> str:
        return "".join(self.heard)

    @property
    def record(self) -> Record:
        return standing_of(self.data_dir).running()

    def family(self) -> list[Identity]:
        """Everybody who must be gone when it is over."""
        states = [Files(name, self.data_dir / "run").running() for name in NAMES]
        servers = [who for state in states for who in (state.keeper, state.server)]
        return [*self.record.children.values(), *servers, *backends(servers[1])]

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)


@pytest.fixture
def up(data_dir) -> Iterator[Callable[..., Up]]:
    started: list[Up] = []

    def start(*options: object) -> Up:
        given = options if any("port" in str(option) for option in options) else ("--port", ports.free_port(), *options)
        started.append(Up(data_dir, *given))
        return started[-1]

    yield start
    for one in started:
        one.interrupt()
        one.ends()
        one.process.stdout.close()


def fetch(address: str) -> bytes:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=5)
    connection.request("GET", "/health/ready")
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


def test_starts_in_order_says_so_and_stops_everything(up, data_dir):
    run = up()
    line = run.hear("VoiceAssist runs at")
    steps = ["database and queue", "sign in as 127.0.0.1 True", "knowledge base", "worker and web server"]
    places = [run.said.index(step) for step in steps]
    assert places == sorted(places)
    assert "stage:" not in run.said
    assert run.record.address in line
    assert fetch(run.record.address) == str(data_dir).encode()
    family = run.family()
    run.interrupt()
    assert run.ends() == 0
    assert not any(who.alive for who in family)


def test_its_programs_count_into_a_folder_that_is_empty_at_the_start(up, data_dir):
    folder = data_dir / "run" / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "counter_1.db").write_bytes(b"of an earlier run")
    worker = "import os, time; f = os.environ['PROMETHEUS_MULTIPROC_DIR']; "
    worker += "print('WARNING', f, os.listdir(f), flush=True); time.sleep(600)"
    run = up("--worker", worker)

    assert f"{folder} []" in run.hear("[worker] WARNING")


def test_pressing_ctrl_c_often_is_safe(up):
    run = up()
    run.hear("VoiceAssist runs at")
    family = run.family()
    for _ in range(20):
        run.interrupt()
    assert run.ends() == 0
    assert run.said.rstrip().endswith("Stopped.")
    assert not any(who.alive for who in family)


def test_ctrl_c_during_the_preparation_stops_it(up, data_dir):
    run = up("--prepare", f"import os; print(os.getpid(), 'prepares', flush=True); {SLEEP}")
    prepares = Identity.of(int(run.hear("prepares").split()[0]))
    run.interrupt()
    assert run.ends() == 0
    assert not prepares.alive


def test_a_second_up_points_to_the_first(up):
    first = up()
    first.hear("VoiceAssist runs at")
    second = up()
    assert second.ends() == 0
    assert f"already runs at {first.record.address} (process {first.process.pid})" in second.said


def test_stop_ends_a_running_up_and_waits(up, data_dir, monkeypatch, capsys):
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    run = up()
    run.hear("VoiceAssist runs at")
    family = run.family()
    assert up_commands.status([]) == 0
    shown = capsys.readouterr().out
    assert str(run.process.pid) in shown
    assert "postgres://" not in shown
    assert up_commands.status(["--show-secrets"]) == 0
    assert Files("postgres", data_dir / "run").running().url in capsys.readouterr().out
    assert up_commands.stop([]) == 0
    assert not any(who.alive for who in family)
    assert run.ends() == 0
    assert up_commands.stop([]) == 0
    assert up_commands.status([]) == 3
    assert capsys.readouterr().out.count("VoiceAssist is not running.") == 2


def test_status_says_so_when_the_web_server_is_not_ready_any_more(up, data_dir, monkeypatch, capsys):
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    run = up()
    run.hear("VoiceAssist runs at")
    monkeypatch.setattr(health, "READY_PATH", "/health/broken")
    assert up_commands.status([]) == 3
    assert "runs, but is not ready, at" in capsys.readouterr().out


def test_a_taken_default_port_is_replaced_by_the_next(up):
    with socket.create_server((ports.LOOPBACK, 0)) as squatter:
        taken = squatter.getsockname()[1]
        run = up("--default-port", taken)
        run.hear(f"Port {taken} is used by another program; taking ")
        run.hear("VoiceAssist runs at")
        assert fetch(run.record.address)


def test_a_taken_port_that_was_asked_for_is_an_error_that_names_another(up):
    with socket.create_server((ports.LOOPBACK, 0)) as squatter:
        taken = squatter.getsockname()[1]
        run = up("--port", taken)
        assert run.ends() == 1
    assert f"already uses port {taken}" in run.said
    assert "for example PORT=" in run.said


@pytest.mark.parametrize("name", ["worker", "web"])
def test_a_killed_child_is_started_again(up, name):
    run = up()
    run.hear("VoiceAssist runs at")
    victim = run.record.children[name]
    os.kill(victim.pid, signal.SIGKILL)
    run.hear("ended; starting it again")
    assert wait_until(lambda: run.record.children.get(name) not in (None, victim), 10)
    assert wait_until(lambda: run.record.children[name].alive, 10)


def test_warnings_of_a_child_reach_the_terminal(up):
    run = up()
    run.hear("[worker] WARNING: the worker has a cold")


def test_a_child_that_keeps_dying_ends_up_with_its_last_words(up):
    run = up("--worker", "print('I cannot go on'); raise SystemExit(1)", "--web", "import time; time.sleep(1)")
    assert run.ends() == 1
    assert "The worker ended" in run.said
    assert "I cannot go on" in run.said


def test_a_failed_preparation_is_quoted(up):
    run = up("--prepare", "import sys; sys.exit('no such table')")
    assert run.ends() == 1
    assert "The preparation failed" in run.said
    assert "no such table" in run.said


def test_killing_the_supervisor_leaves_no_orphan_and_the_next_up_starts(up):
    run = up()
    run.hear("VoiceAssist runs at")
    family = run.family()
    run.process.kill()
    assert all_end(*family)
    run.process.wait()
    up().hear("VoiceAssist runs at")


def test_killing_everybody_at_once_loses_no_data(up, data_dir):
    run = up()
    run.hear("VoiceAssist runs at")
    postgres = Files("postgres", data_dir / "run")
    query(postgres.running().url, "create table if not exists lasting as select 5 as n")
    family = run.family()
    for who in (Identity.of(run.process.pid), *family):
        who.send(signal.SIGKILL)
    run.process.wait()
    assert all_end(*family)
    up().hear("VoiceAssist runs at")
    assert query(postgres.running().url, "select n from lasting") == [(5,)]


def test_a_killed_server_is_started_again_by_its_keeper(up, data_dir):
    run = up()
    run.hear("VoiceAssist runs at")
    valkey = Files("valkey", data_dir / "run")
    before = valkey.running()
    before.server.send(signal.SIGKILL)
    run.hear("valkey had ended; it was started again")
    assert valkey.running().keeper == before.keeper
    assert valkey.running().url == before.url


def test_a_killed_keeper_is_replaced_under_the_same_address(up, data_dir):
    run = up()
    run.hear("VoiceAssist runs at")
    postgres = Files("postgres", data_dir / "run")
    before = postgres.running()
    before.keeper.send(signal.SIGKILL)
    run.hear("postgres had ended; it was started again")
    after = postgres.running()
    assert after.keeper != before.keeper
    assert after.url == before.url
