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


def is_ready(address: str) -> bool:
    """Tell whether the readiness route answers 200."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=5)
    try:
        connection.request("GET", READY_PATH, headers={"Accept": "application/json"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
