"""Free TCP ports on this machine."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from voiceassist.runtime.errors import InvalidSetting

HIGHEST_PORT = 65535
LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on `port` now."""
    return _refusal(port, host) is None


def _refusal(port: int, host: str) -> OSError | None:
    """Return why the system would not let a server listen on `port`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return error
    return None


def check_allowed(port: int, host: str) -> None:
    """Refuse what no free port would mend: a foreign address, a privileged port. Raises InvalidSetting."""
    refusal = _refusal(port, host)
    if refusal is not None and refusal.errno != errno.EADDRINUSE:
        raise InvalidSetting(
            f"The server cannot listen on port {port} of {host}: {refusal.strerror}.",
            "Set HOST to an address of this machine (127.0.0.1, or 0.0.0.0 for all) and PORT above 1023.",
        )


def free_port() -> int:
    """Return a port that the kernel finds free on the loopback address."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def next_free(port: int, host: str) -> int | None:
    """Return the first free port above `port`, or None."""
    return next((other for other in range(port + 1, min(port + 200, HIGHEST_PORT + 1)) if is_free(other, host)), None)


def remembered(file: Path) -> int:
    """Return the port used last time if it is free, else a new one, and note it in `file`."""
    try:
        port = int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        port = 0
    if not (0 < port <= HIGHEST_PORT and is_free(port)):
        port = free_port()
        file.write_text(f"{port}\n", encoding="ascii")
    return port
