"""A supervised child, its log, and the lines on the terminal."""

import io
import sys

import pytest

from voiceassist.runtime import child, logs, terminal
from voiceassist.runtime.child import Child, Program
from voiceassist.runtime.errors import ChildFailed
from voiceassist.runtime.health import address
from voiceassist.runtime.project import warm
from voiceassist.runtime.terminal import Terminal


@pytest.fixture
def make_child(tmp_path):
    started = []

    def make(code: str) -> Child:
        started.append(Child(Program("worker", "worker", [sys.executable, "-c", code]), {}, tmp_path))
        started[-1].start()
        return started[-1]

    yield make
    for one in started:
        one.stop()


def test_a_program_warms_up_and_runs_when_it_is_let_go(tmp_path):
    (tmp_path / "slow_to_load.py").write_text("print('loaded', flush=True)")
    (tmp_path / "the_program.py").write_text("import sys; print('running', sys.argv[1:], flush=True)")
    command = [*warm("slow_to_load"), "the_program", "--option"]
    one = Child(Program("web", "web", command), {"PYTHONPATH": str(tmp_path)}, tmp_path)
    one.start()
    assert child.process.wait_until(lambda: one.log.read_text() == "loaded\n", 10)
    one.let_go()
    assert one.process.wait() == 0
    assert one.log.read_text() == "loaded\nrunning ['--option']\n"


def test_pauses_double_until_it_fails_for_good(make_child):
    one = make_child("print('my last words')")
    one.process.wait()
    assert one.ended
    assert [one.plan_restart() for _ in range(child.MAX_DEATHS)] == [0.5, 1.0, 2.0, 4.0, 8.0]
    with pytest.raises(ChildFailed, match=r"(?s)worker ended 6 times in a row.*my last words"):
        one.plan_restart()


def test_only_notable_lines_are_passed_on_and_once(make_child):
    lines = ["INFO hello", "[error    ] broken", '{"level": "warning", "event": "odd"}', "WARNING hot"]
    one = make_child(f"print({chr(10).join(lines)!r})")
    one.process.wait()
    assert one.notable_lines() == ["[error    ] broken", "WARNING odd", "WARNING hot"]
    assert one.notable_lines() == []


def test_a_child_that_ignores_the_signal_is_killed(tmp_path):
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    program = Program("web", "web", [sys.executable, "-c", stubborn], stop_signals=((child.signal.SIGTERM, 0.1),))
    one = Child(program, {}, tmp_path)
    one.start()
    assert child.process.wait_until(lambda: "deaf" in one.log.read_text(), 10)
    one.stop()
    assert one.process.returncode == -child.signal.SIGKILL


def test_logs_rotate_at_start_and_keep_three(tmp_path):
    for text in (b"first", b"second", b"third", b"fourth", b"fifth"):
        with logs.open_log(tmp_path / "web.log") as log:
            log.write(text)
    kept = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert kept == {"web.log": b"fifth", "web.log.1": b"fourth", "web.log.2": b"third", "web.log.3": b"second"}
    assert (tmp_path / "web.log").stat().st_mode & 0o777 == 0o600


def test_a_large_log_is_emptied_under_its_writer(tmp_path):
    with logs.open_log(tmp_path / "web.log") as log:
        log.write(b"x" * 100)
        logs.rotate_when_large(tmp_path / "web.log", limit=50)
        log.write(b"after")
    assert (tmp_path / "web.log").read_bytes() == b"after"
    assert (tmp_path / "web.log.1").read_bytes() == b"x" * 100


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_step_shows_its_stage_on_a_tty_only(monkeypatch):
    monkeypatch.setattr(terminal, "LIVE_AFTER", -1.0)
    for stream, shown in ((Tty(), True), (io.StringIO(), False)):
        screen = Terminal(stream)
        with screen.step("database"):
            screen.stage("creating the files")
        assert ("database: creating the files" in stream.getvalue()) is shown
        assert stream.getvalue().rstrip().endswith(" s")


def test_a_terminal_that_is_gone_stops_nothing():
    stream = io.StringIO()
    stream.close()
    gone = Terminal.__new__(Terminal)
    Terminal.__init__(gone, io.StringIO())
    gone.stream = stream
    gone.line("nobody hears this")


def test_addresses():
    assert address("0.0.0.0", 80) == "http://127.0.0.1:80"
    assert address("::", 80) == "http://[::1]:80"
