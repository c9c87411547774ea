"""`manage.py up`: start everything in order, look after it, stop it in reverse order."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from voiceassist.runtime import health, logs, ports, process, project
from voiceassist.runtime.child import Child
from voiceassist.runtime.environment import DEFAULT_PORT, PROJECT_ROOT, Environment
from voiceassist.runtime.errors import ChildFailed, PortTaken
from voiceassist.runtime.paths import Home
from voiceassist.runtime.process import Identity
from voiceassist.runtime.servers import Addresses, servers
from voiceassist.runtime.standing import Record, Standing
from voiceassist.runtime.terminal import Terminal

READY_WITHIN = 120.0  # seconds from the start of the web server
PlanFor = Callable[[str, int], project.Plan]


class Stopped(Exception):
    """Somebody asked us to stop."""


class Interrupts:
    """Signals as a flag and something to wait on: nothing is cut short, however often Ctrl-C is pressed."""

    def __init__(self) -> None:
        self.asked = False
        self._reader, self._writer = os.pipe()

    @contextlib.contextmanager
    def handled(self) -> Iterator[None]:
        """Take over the signals meanwhile; they stay ours until everything is stopped."""
        for end in (self._reader, self._writer):
            os.set_blocking(end, False)
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
        earlier = {number: signal.signal(number, self._note) for number in numbers}
        earlier_writer = signal.set_wakeup_fd(self._writer)
        try:
            yield
        finally:
            signal.set_wakeup_fd(earlier_writer)
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: object) -> None:
        self.asked = self.asked or number != signal.SIGCHLD

    def check(self) -> None:
        """Raise Stopped once somebody asked."""
        if self.asked:
            raise Stopped

    def wait(self, seconds: float, *others: int) -> None:
        """Sleep until a signal, a child's end, something to read in `others`, or the time is over."""
        select.select([self._reader, *others], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 512)
        self.check()


class Supervisor:
    """One run of `up`."""

    def __init__(
        self,
        environment: Environment,
        terminal: Terminal,
        *,
        plan_for: PlanFor = project.plan,
        on_ready: Callable[[], None] = lambda: None,
        throwaway: bool = False,
    ) -> None:
        self.environment = environment
        self.home = Home(environment.data_dir, environment.data_dir)
        self.standing = Standing(self.home.run_dir)
        self.terminal = terminal
        self.plan_for = plan_for
        self.on_ready = on_ready
        self.throwaway = throwaway
        self.interrupts = Interrupts()
        self.children: list[Child] = []
        self.record = Record(Identity.of(os.getpid()))

    def run(self) -> int:
        """Run until stopped; return the exit code. Raises RuntimeProblem."""
        self.home.make()
        with self.standing.claimed() as mine:
            if not mine:
                return self._point_to_the_other()
            with self.interrupts.handled():
                return self._run_alone()

    def _point_to_the_other(self) -> int:
        other = self.standing.running()
        where = f" at {other.address}" if other and other.address else ""
        verb = "already runs" if other and other.ready else "is already being started"
        number = f" (process {other.supervisor.pid})" if other else ""
        self.terminal.line(f"VoiceAssist {verb}{where}{number}. `manage.py stop` ends it.")
        return 0

    def _run_alone(self) -> int:
        began = time.monotonic()
        try:
            self._outwait_killed_run()
            port = self._choose_port()
            with self._servers() as addresses:
                self._serve(port, addresses, began)
        except Stopped:
            self.terminal.line("Stopped.")
        return 0

    def _outwait_killed_run(self) -> None:
        """Let the children of a killed `up` end, for they may still hold the port."""
        last = self.standing.last()
        for child in last.children.values() if last else ():
            if not child.wait(5):
                child.send(signal.SIGKILL)
                child.wait(5)
        self._publish()

    def _choose_port(self) -> int:
        host, wanted = self.environment.host, self.environment.port or DEFAULT_PORT
        ports.check_allowed(wanted, host)
        if ports.is_free(wanted, host):
            return wanted
        other = ports.next_free(wanted, host)
        if self.environment.port or other is None:
            raise PortTaken(
                f"Another program already uses port {wanted} on {host}.",
                f"Set PORT to a free one, for example PORT={other or ports.free_port()}.",
            )
        self.terminal.line(f"  Port {wanted} is used by another program; taking {other} instead.")
        return other

    @contextlib.contextmanager
    def _servers(self) -> Iterator[Addresses]:
        needs = self.environment.needs
        with contextlib.ExitStack() as stack:
            with self.terminal.step("database and queue") if needs else contextlib.nullcontext():
                addresses = stack.enter_context(
                    servers(self.environment.data_dir, needs, throwaway=self.throwaway, tick=self._tick)
                )
            yield addresses

    def _tick(self, stage: str) -> None:
        self.interrupts.check()
        self.terminal.stage(stage)

    def _serve(self, port: int, addresses: Addresses, began: float) -> None:
        plan = self.plan_for(self.environment.host, port)
        self._empty_metrics()
        environment = self._child_environment(port, addresses)
        self.record.address = health.address(self.environment.host, port)
        self.children = [Child(program, environment, self.home.logs_dir) for program in plan.programs]
        try:
            self._start_children()
            with self.terminal.step("tables, demo user, knowledge base"):
                self._prepare(plan, environment)
            with self.terminal.step("worker and web server"):
                self._let_children_go()
                self._wait_until_ready()
            self._announce(time.monotonic() - began)
            self._look_after(addresses)
        finally:
            self._stop_children()

    def _empty_metrics(self) -> None:
        """Begin to count anew: a process may get the number of one of an earlier run, and its files."""
        shutil.rmtree(self.home.metrics_dir, ignore_errors=True)
        self.home.metrics_dir.mkdir(mode=0o700, exist_ok=True)

    def _child_environment(self, port: int, addresses: Addresses) -> dict[str, str]:
        ours = {
            "HOST": self.environment.host,
            "PORT": str(port),
            "DATA_DIR": str(self.environment.data_dir),
            "EMBEDDED_SERVERS": " ".join(addresses.states),
            "PROMETHEUS_MULTIPROC_DIR": str(self.home.metrics_dir),
            "PYTHONUNBUFFERED": "1",
        }
        return {**os.environ, **ours, **addresses.as_environment()}

    def _prepare(self, plan: project.Plan, environment: dict[str, str]) -> None:
        """Run the first command to its end and pass on what it prints. Raises ChildFailed."""
        log = self.home.logs_dir / "prepare.log"
        with logs.open_log(log) as errors:
            child = process.spawn(
                plan.prepare,
                death_signal=signal.SIGTERM,
                output=subprocess.PIPE,
                errors=errors,
                env=environment,
                cwd=PROJECT_ROOT,
            )
        try:
            self._pass_on(child)
        finally:
            process.stop(child, ((signal.SIGTERM, 10.0),))
        if child.returncode:
            said = logs.last_lines(log)
            raise ChildFailed(f"The preparation failed. The end of its log, {log}:\n{said}")

    def _pass_on(self, child: subprocess.Popen[bytes]) -> None:
        """Print the lines of a child as they come; one that begins with `stage:` is shown live."""
        assert child.stdout is not None  # noqa: S101
        with child.stdout as stream:
            os.set_blocking(stream.fileno(), False)
            pending = b""
            while (chunk := _read(stream.fileno())) != b"":
                *lines, pending = (pending + (chunk or b"")).split(b"\n")
                for line in lines:
                    self._hear(line.decode(errors="replace"))
                self.terminal.stage("")
                self._check_children()
                self.interrupts.wait(0.2, stream.fileno())
        child.wait()

    def _hear(self, line: str) -> None:
        if line.startswith("stage:"):
            self.terminal.stage(line.removeprefix("stage:").strip())
        else:
            self.terminal.line(line)

    def _start_children(self) -> None:
        for child in self.children:
            child.start()
        self._publish()

    def _let_children_go(self) -> None:
        for child in self.children:
            child.let_go()

    def _check_children(self) -> None:
        for child in self.children:
            if child.ended:
                raise child.failure("ended while it was being started")

    def _wait_until_ready(self) -> None:
        """Wait for the readiness route. Raises ChildFailed."""
        deadline = time.monotonic() + READY_WITHIN
        while not health.is_ready(self.record.address):
            self._check_children()
            if time.monotonic() > deadline:
                raise self.children[-1].failure(f"was not ready within {READY_WITHIN:.0f} seconds")
            self.terminal.stage("")
            self.interrupts.wait(0.05)

    def _announce(self, seconds: float) -> None:
        self.record.ready = True
        self._publish()
        self.terminal.line(f"\nVoiceAssist runs at {self.record.address}  (ready after {seconds:.1f} s)")
        self.on_ready()

    def _look_after(self, addresses: Addresses) -> None:
        """Restart what ends, until somebody asks us to stop. Raises ChildFailed, RuntimeProblem."""
        while True:
            self._renew(addresses)
            for child in self.children:
                self._attend(child)
            self.interrupts.wait(self._until_next_restart())

    def _renew(self, addresses: Addresses) -> None:
        """Bring back servers that ended; children restart only if an address changed."""
        before = addresses.as_environment()
        for name in addresses.renew(self._tick):
            self.terminal.line(f"{name} had ended; it was started again.")
        if (now := addresses.as_environment()) != before:
            for child in self.children:
                child.environment.update(now)
                child.stop()

    def _attend(self, child: Child) -> None:
        for line in child.notable_lines():
            self.terminal.line(f"[{child.program.name}] {line}")
        if child.ended:
            pause = child.plan_restart()
            self.terminal.line(f"The {child.program.title} ended; starting it again in {pause:.1f} s.")
        elif child.restart_at is not None and time.monotonic() >= child.restart_at:
            child.start()
            child.let_go()
            self._publish()

    def _until_next_restart(self) -> float:
        planned = [child.restart_at for child in self.children if child.restart_at is not None]
        return max(0.0, min([1.0, *(moment - time.monotonic() for moment in planned)]))

    def _stop_children(self) -> None:
        for child in reversed(self.children):
            child.stop()

    def _publish(self) -> None:
        identities = {child.program.name: child.identity() for child in self.children}
        self.record.children = {name: found for name, found in identities.items() if found}
        self.standing.write(replace(self.record))


def _read(descriptor: int) -> bytes | None:
    """Return what there is to read, b"" at the end, None when there is nothing yet."""
    try:
        return os.read(descriptor, 65536)
    except BlockingIOError:
        return None


def standing_of(data_dir: Path) -> Standing:
    """Return the standing of `up` in a data directory."""
    return Standing(Home(data_dir, data_dir).run_dir)
