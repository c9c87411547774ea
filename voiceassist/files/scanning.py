"""Virus scan by a ClamAV daemon over its INSTREAM command (clamd(8)). Anything but a clear answer is a refusal."""

from __future__ import annotations

import socket
import struct
import time
from typing import BinaryIO

from voiceassist.files.errors import InfectedFile, ScannerUnavailable

CHUNK_BYTES = 64 * 1024
MAX_REPLY_BYTES = 4096
CONNECT_SECONDS = 5.0


def check_for_viruses(file: BinaryIO, *, name: str, host: str, port: int = 3310, max_seconds: float = 60.0) -> None:
    """Send the file to clamd and return when it calls it clean. Without a host nothing is checked.

    `file` is read from its current position to its end. Raises InfectedFile; raises ScannerUnavailable when the daemon
    cannot be reached, is slow, cuts the connection (as it does above its StreamMaxLength) or answers anything else.
    """
    if not host:
        return
    try:
        reply = _ask(file, host=host, port=port, max_seconds=max_seconds)
    except OSError as error:
        raise ScannerUnavailable(name) from error
    if reply.endswith(" FOUND"):
        raise InfectedFile(name, signature=reply.removeprefix("stream: ").removesuffix(" FOUND"))
    if reply != "stream: OK":
        raise ScannerUnavailable(name)


def check_scanner(*, host: str, port: int, max_seconds: float) -> None:
    """Raise OSError unless clamd answers its PING within the time."""
    with socket.create_connection((host, port), timeout=max_seconds) as connection:
        connection.sendall(b"zPING\0")
        if _read_reply(connection, time.monotonic() + max_seconds) != "PONG":
            raise ConnectionError


def _ask(file: BinaryIO, *, host: str, port: int, max_seconds: float) -> str:
    """Return the daemon's answer without its end mark. Raises OSError."""
    deadline = time.monotonic() + max_seconds
    with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as connection:
        connection.sendall(b"zINSTREAM\0")
        while chunk := file.read(CHUNK_BYTES):
            _allow_until(connection, deadline)
            connection.sendall(struct.pack("!I", len(chunk)) + chunk)
        connection.sendall(struct.pack("!I", 0))
        return _read_reply(connection, deadline)


def _read_reply(connection: socket.socket, deadline: float) -> str:
    reply = b""
    while not reply.endswith(b"\0") and len(reply) < MAX_REPLY_BYTES:
        _allow_until(connection, deadline)
        part = connection.recv(MAX_REPLY_BYTES)
        if not part:
            break
        reply += part
    return reply.rstrip(b"\0").decode("utf-8", "replace")


def _allow_until(connection: socket.socket, deadline: float) -> None:
    """Let the next step last until the deadline. Raises TimeoutError when it has passed."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)
