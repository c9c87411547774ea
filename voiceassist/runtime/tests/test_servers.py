"""The embedded servers, from nothing to their end."""

import socket
import stat
from pathlib import Path

import psycopg
import pytest

from voiceassist.runtime import ports
from voiceassist.runtime.postgres import EXTENSIONS
from voiceassist.runtime.server import Site
from voiceassist.runtime.servers import servers, sites
from voiceassist.runtime.tests.conftest import all_end, backends, query


def ask_valkey(url: str, *commands: str, password: str | None = None) -> bytes:
    secret, _, address = url.removeprefix("redis://:").rpartition("@")
    port = int(address.partition(":")[2].partition("/")[0])
    lines = [f"AUTH {password or secret}", *commands, "QUIT"]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall("".join(f"{line}\r\n" for line in lines).encode())
        return connection.makefile("rb").read()


def test_servers_start_answer_and_stop(data_dir):
    with servers(data_dir) as addresses:
        states = addresses.states
        assert query(states["postgres"].url, "select 1") == [(1,)]
        assert b"+PONG" in ask_valkey(states["valkey"].url, "PING")
    assert not any(who.alive for state in states.values() for who in (state.server, state.keeper))


def test_the_application_role_is_no_superuser_and_owns_its_database(data_dir):
    with servers(data_dir, {"postgres"}) as addresses:
        url = addresses.as_environment()["DATABASE_URL"]
        role = query(url, "select rolsuper, rolcreatedb from pg_roles where rolname = current_user")
        owner = query(url, "select pg_get_userbyid(datdba) from pg_database where datname = current_database()")
    assert role == [(False, True)]
    assert owner == [("voiceassist",)]


def test_a_new_database_has_the_extensions_as_test_databases_need(data_dir):
    with servers(data_dir, {"postgres"}) as addresses:
        url = addresses.as_environment()["DATABASE_URL"]
        query(url, "drop database if exists another")
        query(url, "create database another")
        found = query(url.removesuffix("voiceassist") + "another", "select extname from pg_extension")
    assert set(EXTENSIONS) <= {name for (name,) in found}


def test_only_what_is_needed_starts(data_dir):
    with servers(data_dir, {"valkey"}) as addresses:
        assert set(addresses.as_environment()) == {"REDIS_URL"}
    with servers(data_dir, set()) as addresses:
        assert addresses.as_environment() == {}


def test_strangers_are_turned_away(data_dir):
    with servers(data_dir) as addresses:
        urls = addresses.as_environment()
        password = urls["DATABASE_URL"].split(":")[2].partition("@")[0]
        for wrong in (
            urls["DATABASE_URL"].replace(password, "guess"),
            urls["DATABASE_URL"].replace("voiceassist:", "postgres:", 1),
        ):
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                psycopg.connect(wrong)
        assert b"WRONGPASS" in ask_valkey(urls["REDIS_URL"], "PING", password="guess")


def test_nothing_listens_beyond_loopback(data_dir):
    with servers(data_dir) as addresses:
        listening = {int(url.rpartition(":")[2].partition("/")[0]) for url in addresses.as_environment().values()}
        table = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        table6 = [line.split()[1:4] for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
    bound = {
        (local.split(":")[0], int(local.split(":")[1], 16)) for local, _, state in [*table, *table6] if state == "0A"
    }
    assert {address for address, port in bound if port in listening} == {"0100007F"}


def test_passwords_are_private_and_invisible_in_the_process_list(data_dir):
    with servers(data_dir) as addresses:
        states = addresses.states.values()
        processes = [who for state in states for who in (state.server, state.keeper)]
        said = b"".join(Path(f"/proc/{who.pid}/cmdline").read_bytes() for who in processes)
        files = [*data_dir.glob("*.password"), *data_dir.glob("run/*.json")]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert not any(file.read_bytes() in said for file in data_dir.glob("*.password"))


def test_servers_do_not_run_as_root(data_dir):
    with servers(data_dir) as addresses:
        postgres, valkey = (addresses.states[name].server for name in ("postgres", "valkey"))
        owners = {Path(f"/proc/{who.pid}").stat().st_uid for who in (postgres, valkey, *backends(postgres))}
    assert 0 not in owners


def test_data_and_address_survive_a_restart(data_dir):
    with servers(data_dir) as addresses:
        first = addresses.as_environment()
        query(first["DATABASE_URL"], "create table if not exists kept as select 42 as answer")
        ask_valkey(first["REDIS_URL"], "SET kept 42")
    with servers(data_dir) as addresses:
        second = addresses.as_environment()
        assert query(second["DATABASE_URL"], "select answer from kept") == [(42,)]
        assert b"\r\n42\r\n" in ask_valkey(second["REDIS_URL"], "GET kept")
    assert first == second


def test_a_port_taken_meanwhile_is_replaced(data_dir):
    (site,) = sites(data_dir, {"postgres"})
    with socket.create_server((ports.LOOPBACK, 0)) as squatter:
        taken = squatter.getsockname()[1]
        site.port_file.write_text(str(taken))
        with servers(data_dir, {"postgres"}) as addresses:
            url = addresses.as_environment()["DATABASE_URL"]
            assert f":{taken}/" not in url
            assert query(url, "select 1") == [(1,)]


def test_a_throwaway_server_is_fast_and_leaves_no_data(empty_data_dir):
    with servers(empty_data_dir, throwaway=True) as addresses:
        states = addresses.states
        assert query(states["postgres"].url, "show fsync") == [("off",)]
    assert all_end(*(state.keeper for state in states.values()))
    assert not (empty_data_dir / "postgres").exists()
    assert not (empty_data_dir / "valkey").exists()


def test_errors_are_logged_without_what_patients_said(data_dir):
    (site,) = sites(data_dir, {"postgres"})
    with servers(data_dir, {"postgres"}) as addresses, pytest.raises(psycopg.errors.UniqueViolation):
        query(
            addresses.as_environment()["DATABASE_URL"],
            "create temp table t (name text unique); insert into t values ('Jane Roe'), ('Jane Roe')",
        )
    log = logged(site)
    assert "duplicate key" in log
    assert "Jane Roe" not in log


def logged(site: Site) -> str:
    return site.log.read_text(encoding="utf-8")
