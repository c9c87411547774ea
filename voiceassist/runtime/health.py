"""Asking the web server whether it is ready."""

from __future__ import annotations

import http.client

READY_PATH = "/health/ready"
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


def local_host(host: str) -> str:
    """Return an address of this machine on which a server bound to `host` answers."""
    return _EVERYWHERE.get(host, host)


def address(host: str, port: int) -> str:
    """Return the address to open in a browser."""
    name = local_host(host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def allowed_name(allowed_hosts: str) -> str:
    """Return a Host header that the settings accept."""
    names = [name.strip().lstrip(".") for name in allowed_hosts.split(",")]
    return next((name for name in names if name and name != "*"), "localhost")


def is_ready(host: str, port: int, name: str) -> bool:
    """Tell whether the readiness route answers 200."""
    connection = http.client.HTTPConnection(local_host(host), port, timeout=5)
    try:
        connection.request("GET", READY_PATH, headers={"Host": name, "Accept": "application/json"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
