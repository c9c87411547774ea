import io
import os
import shutil
import socket
import subprocess
import threading
import time

import pytest

from voiceassist.files.errors import InfectedFile, ScannerUnavailable
from voiceassist.files.scanning import check_for_viruses

SIGNATURE_TEXT = b"VOICEASSIST-TEST-VIRUS"
START_SECONDS = 30


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(port, process):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail("clamd ended while starting")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"clamd did not listen within {START_SECONDS} s")


@pytest.fixture(scope="module")
def clamd(tmp_path_factory):
    """The port of a real clamd that knows one signature of our own."""
    program = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
    if program is None:
        missing = pytest.fail if os.environ.get("REQUIRE_CLAMAV") == "1" else pytest.skip
        missing("clamd is not installed: apt-get install clamav-daemon")
    folder, port = tmp_path_factory.mktemp("clamd"), free_port()
    database = folder / "db"
    database.mkdir()
    (database / "test.ndb").write_text(f"Test.Virus:0:*:{SIGNATURE_TEXT.hex()}\n")
    config = folder / "clamd.conf"
    config.write_text(
        f"DatabaseDirectory {database}\nTemporaryDirectory {folder}\nTCPSocket {port}\nTCPAddr 127.0.0.1\n"
        "Foreground yes\nStreamMaxLength 1M\nConcurrentDatabaseReload no\n"
    )
    with subprocess.Popen(
        [program, "-c", config], env={"LANG": "C.UTF-8"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(port, process)
            yield port
        finally:
            process.terminate()


def check(content, port, **options):
    check_for_viruses(io.BytesIO(content), name="x.pdf", host="127.0.0.1", port=port, **options)


def test_a_clean_file_passes(clamd):
    check(b"nothing here" * 1000, clamd)


def test_an_infected_file_is_refused_by_name(clamd):
    with pytest.raises(InfectedFile, match=r"“x\.pdf” was refused") as caught:
        check(b"start " + SIGNATURE_TEXT + b" end", clamd)
    assert caught.value.signature.startswith("Test.Virus")


def test_a_file_longer_than_the_daemon_takes_is_not_called_clean(clamd):
    with pytest.raises(ScannerUnavailable):
        check(b"x" * 8_000_000, clamd)


def test_an_unreachable_daemon_refuses():
    with pytest.raises(ScannerUnavailable):
        check(b"x", free_port())


@pytest.fixture
def answering():
    """A server that gives one answer to whatever is sent, then hangs up."""
    servers = []

    def start(answer, *, pause=0.0):
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                time.sleep(pause)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return server.getsockname()[1]

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    "answer", [b"", b"stream: ", b"INSTREAM size limit exceeded. ERROR\0", b"stream: OK maybe\0", b"UNKNOWN COMMAND\0"]
)
def test_anything_but_a_clear_answer_refuses(answering, answer):
    with pytest.raises(ScannerUnavailable):
        check(b"x", answering(answer))


def test_a_slow_daemon_refuses(answering):
    with pytest.raises(ScannerUnavailable):
        check(b"x", answering(b"stream: OK\0", pause=2), max_seconds=0.3)


def test_without_a_host_nothing_is_checked():
    check_for_viruses(io.BytesIO(SIGNATURE_TEXT), name="x.pdf", host="")
