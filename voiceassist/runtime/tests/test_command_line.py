"""`manage.py`: which commands start servers, and that they stop."""

import subprocess
import sys

import pytest

from voiceassist.runtime import command_line
from voiceassist.runtime.environment import PROJECT_ROOT
from voiceassist.runtime.lease import Files
from voiceassist.runtime.tests.conftest import environment_without_servers


@pytest.mark.parametrize(
    "line",
    [
        "",
        "help",
        "help migrate",
        "--help",
        "--version",
        "version",
        "check",
        "migrate --help",
        "collectstatic",
        "check_openai",
    ],
)
def test_commands_without_a_database_start_nothing(line):
    assert not command_line.needs_servers(["manage.py", *line.split()])


@pytest.mark.parametrize(
    "line",
    ["migrate", "runserver", "shell", "create_user --email a@b", "makemigrations --check", "check --database default"],
)
def test_commands_with_a_database_start_servers(line):
    assert command_line.needs_servers(["manage.py", *line.split()])


def test_a_command_finds_the_servers_and_stops_them(data_dir, monkeypatch):
    for variable in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    monkeypatch.setenv("HOST", "")
    seen = {}

    def execute(_argv):
        files = Files("postgres", data_dir / "run")
        seen["state"] = files.running()
        seen["url"] = command_line.os.environ["DATABASE_URL"]
        seen["host"] = command_line.os.environ["HOST"]

    monkeypatch.setattr(command_line, "_execute", execute)
    assert command_line.run(["manage.py", "migrate"]) == 0
    assert seen["state"].url == seen["url"]
    assert seen["host"] == "127.0.0.1"
    assert not seen["state"].server.alive


def test_a_problem_is_two_sentences_and_exit_code_1(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    for variable in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "file"))
    assert command_line.run(["manage.py", "migrate"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("The data directory ")
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "changed", [{"OPENAI_BASE_URL": "https://secret.example.com/v1"}, {"OPENAI_API_KEY": "sk-secret"}]
)
def test_a_model_elsewhere_is_refused_in_full_before_anything_starts(changed, tmp_path, monkeypatch, capsys):
    for variable in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "absent"))
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    assert command_line.run(["manage.py", "up"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("OPENAI_")
    assert said.endswith("to answer with quotations only.\n")
    assert "secret" not in said
    assert not (tmp_path / "absent").exists()


def test_the_runtime_loads_quickly_without_django_and_celery():
    code = "import sys, voiceassist.runtime.command_line; print({'django', 'celery', 'psycopg'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_help_needs_neither_a_data_directory_nor_a_server(tmp_path):
    environment = environment_without_servers(DATA_DIR=str(tmp_path / "absent"))
    done = subprocess.run(
        [sys.executable, "manage.py", "up", "--help"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--detach" in done.stdout
    assert not (tmp_path / "absent").exists()
