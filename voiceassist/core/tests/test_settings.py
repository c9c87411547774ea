"""The settings as a process of its own reads them."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings

from voiceassist.core.secrets import kept_secret

SHOW = "import json, voiceassist.settings as s; print(json.dumps([getattr(s, n) for n in {names!r}], default=str))"


def settings_with(*names, **variables):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "DATA_DIR")}
    shown = subprocess.run(
        [sys.executable, "-c", SHOW.format(names=names)],
        env={**kept, **variables},
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(shown.stdout)


def test_an_empty_variable_means_an_unset_one():
    source = (django_settings.BASE_DIR / ".env.example").read_text()
    variables = set(re.findall(r"^#?([A-Z_]+)=", source, re.MULTILINE)) - {"DATA_DIR"}
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


def test_https_makes_cookies_secure_and_trusts_the_proxy():
    names = ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_PROXY_SSL_HEADER"]
    assert settings_with(*names) == [False, False, None]
    assert settings_with(*names, HTTPS="true") == [True, True, ["HTTP_X_FORWARDED_PROTO", "https"]]


def test_a_host_that_is_not_given_is_no_loopback_address():
    assert settings_with("HOST") == [""]


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
