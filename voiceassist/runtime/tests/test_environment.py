"""What the runtime reads from the process environment and from `.env`."""

import pytest

from voiceassist.runtime.environment import Environment
from voiceassist.runtime.errors import InvalidSetting


def test_defaults(tmp_path):
    found = Environment.load(tmp_path, {})
    assert found.data_dir == tmp_path / "var"
    assert (found.host, found.port) == ("127.0.0.1", None)
    assert found.needs == {"postgres", "valkey"}


def test_each_url_replaces_its_server(tmp_path):
    assert Environment.load(tmp_path, {"DATABASE_URL": "postgres://x"}).needs == {"valkey"}
    assert Environment.load(tmp_path, {"REDIS_URL": "redis://x"}).needs == {"postgres"}


def test_env_file_counts_and_the_process_environment_wins(tmp_path):
    (tmp_path / ".env").write_text(
        "# a comment\nexport DATABASE_URL='postgres://a b'\nREDIS_URL=redis://x  # why\nPORT=9000\nHOST=\n"
    )
    found = Environment.load(tmp_path, {"PORT": "9001"})
    assert (found.database_url, found.redis_url) == ("postgres://a b", "redis://x")
    assert (found.port, found.host) == (9001, "127.0.0.1")


def test_an_empty_url_is_no_url(tmp_path):
    assert Environment.load(tmp_path, {"DATABASE_URL": "", "REDIS_URL": " "}).needs == {"postgres", "valkey"}


def test_a_url_may_be_a_mounted_secret(tmp_path):
    (tmp_path / "secret").write_text("postgres://hidden\n")
    found = Environment.load(tmp_path, {"DATABASE_URL_FILE": str(tmp_path / "secret")})
    assert found.database_url == "postgres://hidden"
    with pytest.raises(InvalidSetting, match="REDIS_URL_FILE names"):
        Environment.load(tmp_path, {"REDIS_URL_FILE": str(tmp_path / "missing")})


def test_data_dir_is_relative_to_the_checkout(tmp_path):
    assert Environment.load(tmp_path, {"DATA_DIR": "elsewhere"}).data_dir == tmp_path / "elsewhere"
    assert str(Environment.load(tmp_path, {"DATA_DIR": "/srv/va"}).data_dir) == "/srv/va"


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(tmp_path, port):
    with pytest.raises(InvalidSetting, match="PORT is"):
        Environment.load(tmp_path, {"PORT": port})
