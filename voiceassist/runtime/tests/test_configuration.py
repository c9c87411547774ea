"""Settings that are refused beyond loopback: one clear problem, before anything is started."""

import os
import secrets
import subprocess
import sys

import pytest

from voiceassist.runtime.configuration import explained_settings
from voiceassist.runtime.environment import PROJECT_ROOT
from voiceassist.runtime.errors import InvalidSetting

HOW = 'Make one for each: python -c "import secrets; print(secrets.token_urlsafe(48))"'


def manage(*arguments, data_dir, **variables):
    ours = {"SECRET_KEY", "JWT_SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "HOST", "PORT"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**kept, "DATA_DIR": str(data_dir), **variables},
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("arguments", [["up"], ["up", "--detach"], ["migrate"], ["prepare"], ["check"]])
def test_missing_secrets_are_one_problem_and_no_traceback(tmp_path, arguments):
    done = manage(*arguments, data_dir=tmp_path, HOST="0.0.0.0")

    said = (done.stdout + done.stderr).strip().splitlines()
    assert done.returncode == 1
    assert said == [
        "SECRET_KEY is not set.",
        "JWT_SECRET_KEY is not set.",
        "FIELD_ENCRYPTION_KEYS is not set.",
        HOW,
    ]


def test_up_refuses_before_it_starts_anything(tmp_path):
    manage("up", data_dir=tmp_path / "new", HOST="0.0.0.0")
    assert not (tmp_path / "new").exists()


def test_good_secrets_pass(tmp_path):
    names = ("SECRET_KEY", "JWT_SECRET_KEY", "FIELD_ENCRYPTION_KEYS")
    done = manage("version", data_dir=tmp_path, HOST="0.0.0.0", **{name: secrets.token_urlsafe(48) for name in names})
    assert done.returncode == 0


def test_a_program_that_warms_up_says_it_too(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "voiceassist.runtime.warm", "voiceassist.settings", "celery"],
        env={**os.environ, "HOST": "0.0.0.0", "DATA_DIR": str(tmp_path), "SECRET_KEY": "short"},
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("SECRET_KEY is too short (5 characters")
    assert "Traceback" not in done.stderr


def test_other_mistakes_keep_their_traceback():
    with pytest.raises(KeyError), explained_settings():
        raise KeyError("a mistake of ours")


def test_the_message_is_kept_whole():
    class ImproperlyConfigured(Exception):
        pass

    with pytest.raises(InvalidSetting) as caught, explained_settings():
        raise ImproperlyConfigured("one\ntwo")
    assert str(caught.value) == "one\ntwo"
