"""The settings as a process of its own reads them."""

import json
import os
import re
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from voiceassist.core.secrets import kept_secret

SHOW = "import json, voiceassist.settings as s; print(json.dumps([getattr(s, n) for n in {names!r}], default=str))"


def imported(*names, **variables):
    """Import the settings in a process of its own that has little else in its environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "DATA_DIR")} | {"HOST": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, "-c", SHOW.format(names=names)],
        env={**kept, **variables},
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def settings_with(*names, **variables):
    shown = imported(*names, **variables)
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)


def good_secrets():
    names = ("SECRET_KEY", "JWT_SECRET_KEY", "FIELD_ENCRYPTION_KEYS")
    return {name: secrets.token_urlsafe(48) for name in names}


def test_an_empty_variable_means_an_unset_one():
    source = (django_settings.BASE_DIR / ".env.example").read_text()
    variables = set(re.findall(r"^#?([A-Z_]+)=", source, re.MULTILINE)) - {"DATA_DIR", "HOST"}
    names = [
        "HOST",
        "PORT",
        "DATABASES",
        "REDIS_URL",
        "ALLOWED_HOSTS",
        "DEBUG",
        "LIBRARY_MAX_FILE_SIZE_MB",
        "LOG_LEVEL",
    ]
    assert settings_with(*names, **dict.fromkeys(variables, "")) == settings_with(*names)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["http://127.0.0.1:8000", False]),
        ({"HTTPS": "true", "ALLOWED_HOSTS": "va.clinic.example"}, ["https://va.clinic.example", False]),
        ({"PUBLIC_URL": "https://va.clinic.example/"}, ["https://va.clinic.example", True]),
    ],
)
def test_links_in_mails_begin_as_people_reach_the_server(given, expected):
    assert settings_with("PUBLIC_URL", "PUBLIC_URL_GIVEN", **given) == expected


def test_https_makes_cookies_secure_and_trusts_the_proxy():
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_PROXY_SSL_HEADER"]
    assert settings_with(*names) == [False, False, None]
    assert settings_with(*names, HTTPS="true") == [True, True, ["HTTP_X_FORWARDED_PROTO", "https"]]


@pytest.mark.parametrize("host", ["", "0.0.0.0", "192.168.1.5", "clinic.example", "::"])
def test_beyond_loopback_secrets_must_be_given(host):
    refused = imported("HOST", HOST=host)
    assert refused.returncode != 0
    assert "ImproperlyConfigured: SECRET_KEY is not set.\nJWT_SECRET_KEY is not set.\nFIELD" in refused.stderr
    given = good_secrets()
    assert settings_with(*given, HOST=host, **given) == [*list(given.values())[:2], [given["FIELD_ENCRYPTION_KEYS"]]]


def test_secrets_may_be_mounted_as_files(tmp_path):
    given = good_secrets() | {"FIELD_ENCRYPTION_KEYS": f"{secrets.token_urlsafe(48)}\n{secrets.token_urlsafe(48)}\n"}
    files = {f"{name}_FILE": tmp_path / name for name in given}
    for path in files.values():
        path.write_text(given[path.name])

    shown = settings_with(*given, HOST="0.0.0.0", **{name: str(path) for name, path in files.items()})
    assert shown[:2] == [given["SECRET_KEY"], given["JWT_SECRET_KEY"]]
    assert shown[2] == given["FIELD_ENCRYPTION_KEYS"].split()


def test_malformed_keys_are_refused_on_loopback_too():
    refused = imported("HOST", FIELD_ENCRYPTION_KEYS="not-a-key")
    assert "FIELD_ENCRYPTION_KEYS: key 1 is malformed." in refused.stderr


def test_commands_by_hand_use_the_keys_that_the_server_is_given():
    """`manage.py` is on loopback by default: what the environment gives counts all the same."""
    given = good_secrets()
    names = [*given]
    assert settings_with(*names, HOST="127.0.0.1", **given) == settings_with(*names, HOST="0.0.0.0", **given)


@pytest.fixture
def open_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(Path(path).stat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_reads_originals_or_the_secret(tmp_path):
    from django.core.files.base import ContentFile
    from django.core.files.storage import FileSystemStorage

    storage = FileSystemStorage(tmp_path / "files")
    name = storage.save("originals/a.pdf", ContentFile(b"x"))
    kept_secret(tmp_path / "data" / "secret_key")

    assert mode(storage.path(name)) == 0o600
    assert mode(tmp_path / "files" / "originals") == mode(tmp_path / "files") == 0o700
    assert mode(tmp_path / "data") == 0o700
    assert mode(tmp_path / "data" / "secret_key") == 0o600
