"""Several commands share the servers; the last one stops them; nothing outlives a kill."""

import os
import signal

import pytest

from voiceassist.runtime.servers import servers
from voiceassist.runtime.tests.conftest import all_end, backends, query


def kill(process):
    os.kill(process.pid, signal.SIGKILL)


def test_two_commands_share_and_the_last_one_stops(other_command):
    first, second = other_command(), other_command()
    assert first.told == second.told
    first.leave()
    assert query(second.url(), "select 1") == [(1,)]
    second.leave()
    assert not any(who.alive for who in second.everyone())


def test_many_commands_at_once_start_one_set_of_servers(other_command):
    commands = [other_command() for _ in range(4)]
    assert len({command.server() for command in commands}) == 1


def test_a_command_that_comes_while_servers_stop_waits_and_starts_them_anew(other_command):
    first = other_command()
    first.begin_to_leave()
    second = other_command()
    assert query(second.url(), "select 1") == [(1,)]
    assert first.url() == second.url()


def test_killing_the_only_command_stops_its_servers(other_command):
    command = other_command()
    everyone = [*command.everyone(), *backends(command.server())]
    command.kill()
    assert all_end(*everyone)


def test_killing_one_of_two_commands_leaves_the_other_served(other_command):
    starter, guest = other_command(), other_command()
    assert starter.told == guest.told
    starter.kill()
    assert query(guest.url(), "select 1") == [(1,)]


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_killing_a_keeper_takes_its_server_along(other_command, name):
    command = other_command()
    family = [command.server(name), *(backends(command.server()) if name == "postgres" else [])]
    kill(command.keeper(name))
    assert all_end(*family)


def test_data_are_intact_after_the_keeper_was_killed(other_command):
    command = other_command("postgres")
    query(command.url(), "create table if not exists survives as select 7 as n")
    kill(command.keeper())
    successor = other_command("postgres")
    assert successor.server() != command.server()
    assert query(successor.url(), "select n from survives") == [(7,)]


def test_a_killed_server_comes_back_for_its_clients_with_its_data(other_command):
    command = other_command("postgres")
    query(command.url(), "create table if not exists recovered as select 8 as n")
    killed, orphans = command.server(), backends(command.server())
    kill(killed)
    assert all_end(killed, *orphans)
    newcomer = other_command("postgres")
    assert newcomer.url() == command.url()
    assert newcomer.keeper() == command.keeper()
    assert query(newcomer.url(), "select n from recovered") == [(8,)]


def test_data_are_intact_after_everything_was_killed_at_once(other_command):
    command = other_command("postgres")
    query(command.url(), "create table if not exists crashed as select 9 as n")
    everyone = [command.keeper(), command.server(), *backends(command.server())]
    for victim in (command.keeper(), command.server()):
        kill(victim)
    command.kill()
    assert all_end(*everyone)
    assert query(other_command("postgres").url(), "select n from crashed") == [(9,)]


def test_a_lost_server_can_be_renewed_by_a_client_that_stays(data_dir):
    with servers(data_dir, {"postgres"}) as addresses:
        before = addresses.states["postgres"]
        assert addresses.renew(lambda _: None) == []
        kill(before.keeper)
        assert all_end(before.keeper)
        assert addresses.renew(lambda _: None) == ["postgres"]
        after = addresses.states["postgres"]
        assert after.keeper != before.keeper
        assert query(after.url, "select 1") == [(1,)]
