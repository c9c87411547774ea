"""No secret of the running installation shows: not in error pages, not in logs, not in what our commands print."""

import io
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from django.views.decorators.debug import sensitive_variables

from voiceassist.core.error_report import STARS, secret_values, without_secrets
from voiceassist.core.secrets import HOW

PASSWORD = "p&ss/w<rd'of-the-database"


def real_secrets():
    """Return the secrets that this very process runs with."""
    urls = [django_settings.REDIS_URL]
    return [
        django_settings.SECRET_KEY,
        django_settings.JWT_SECRET_KEY,
        *django_settings.FIELD_ENCRYPTION_KEYS,
        django_settings.DATABASES["default"]["PASSWORD"],
        *(urlsplit(url).password for url in urls if urlsplit(url).password),
    ]


def fail(request: HttpRequest):
    keys = {"of fields": django_settings.FIELD_ENCRYPTION_KEYS, "address": f"redis://:{PASSWORD}@127.0.0.1"}
    raise RuntimeError(f"cannot connect with {django_settings.SECRET_KEY} or {keys}")


@sensitive_variables()
def fail_discreetly(request: HttpRequest):
    record = "a patient's words"
    raise RuntimeError(len(record))


urlpatterns = [path("fail", fail), path("discreet", fail_discreetly)]


@pytest.fixture
def known_keys(settings):
    """Keys as an operator would give them, of other services too."""
    settings.OPENAI_API_KEY = "sk-live-0123456789abcdef"
    settings.DATABASES["default"]["TEST_ONLY"] = {"PASSWORD": PASSWORD}
    yield [*real_secrets(), settings.OPENAI_API_KEY]
    del settings.DATABASES["default"]["TEST_ONLY"]


@pytest.mark.urls(__name__)
@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
@pytest.mark.parametrize("debug", [True, False])
def test_no_error_page_shows_a_secret(known_keys, settings, debug, accept):
    settings.DEBUG = debug
    response = Client(raise_request_exception=False, headers={"accept": accept}).get("/fail")

    page = response.content.decode()
    assert response.status_code == 500
    assert ("RuntimeError" in page) is debug
    assert not [secret for secret in known_keys if secret in page]
    assert "of-the-database" not in page
    assert (STARS in page) is debug


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_what_is_marked_as_sensitive_is_hidden_even_with_debug(settings):
    settings.DEBUG = True
    page = Client(raise_request_exception=False).get("/discreet").content.decode()
    variables = page.split('id="browserTraceback"')[1].split('class="context"')
    assert "record" in page
    assert "<pre>&#x27;a patient&#x27;s words&#x27;</pre>" not in "".join(variables)


def test_secrets_are_struck_out_however_they_are_written(known_keys):
    for written in (
        PASSWORD,
        PASSWORD.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#x27;"),
        repr(PASSWORD),
    ):
        assert "of-the-database" not in without_secrets(f"... {written} ...")
    assert without_secrets("ordinary words") == "ordinary words"


def test_passwords_in_addresses_are_known_with_and_without_percent_signs(settings):
    settings.SOME_ADDRESS = "https://me:p%40ssword@example.org/x"
    assert {"p%40ssword", "p@ssword"} <= secret_values()
    assert "p%40ssword" not in without_secrets(str(settings.SOME_ADDRESS))


def test_every_real_secret_is_known():
    assert set(real_secrets()) <= secret_values()


@pytest.mark.parametrize("options", [{}, {"all": True}, {"output": "unified"}])
def test_diffsettings_shows_no_secret(known_keys, options):
    out = io.StringIO()
    call_command("diffsettings", stdout=out, **options)
    shown = out.getvalue()
    assert "FIELD_ENCRYPTION_KEYS" in shown
    assert not [secret for secret in known_keys if secret in shown]


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_no_log_line_shows_a_secret(known_keys, capfd, caplog):
    Client(raise_request_exception=False).get("/fail")
    captured = capfd.readouterr()
    formatter = next(handler for handler in __import__("logging").root.handlers if handler.formatter).formatter
    lines = [formatter.format(record) for record in caplog.records] + [captured.out, captured.err]
    assert any("RuntimeError" in line for line in lines)
    assert not [secret for secret in known_keys for line in lines if secret in line]


LITERALS = {
    "a private key": rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "a key of AWS": rb"\bAKIA[0-9A-Z]{16}\b",
    "a token of GitHub": rb"\bgh[pousr]_[A-Za-z0-9]{36}",
    "a token of Slack": rb"\bxox[abprs]-[A-Za-z0-9-]{20,}",
    "a key of OpenAI": rb"\bsk-(?:proj-|live-)?[A-Za-z0-9_-]{32,}",
    "a key of Google": rb"\bAIza[0-9A-Za-z_-]{35}\b",
    "a signed token": rb"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "an encrypted value": rb"\b1:[0-9a-f]{8}:[A-Za-z0-9_-]{40,}",
    "a secret that is set": rb"(?i)\b(?:secret_key|jwt_secret_key|field_encryption_keys?|password|api_key)"
    rb"\s*[:=]\s*[\"']?[A-Za-z0-9_+/-]{40,}",
}


def tracked_files():
    root = django_settings.BASE_DIR
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    files = [Path(root, name) for name in listed.decode().split("\0") if name]
    return [file for file in files if file.is_file() and not file.is_symlink()]


def test_no_tracked_file_holds_a_secret():
    real = [secret.encode() for secret in real_secrets()]
    for file in tracked_files():
        content = file.read_bytes()
        assert not any(secret in content for secret in real), file
        found = {kind for kind, pattern in LITERALS.items() if re.search(pattern, content)}
        assert not found, f"{file}: {found}"


@pytest.mark.parametrize("kind", LITERALS)
def test_the_search_would_find(kind):
    samples = {
        "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
        "a key of AWS": "AKIA" + "ABCDEFGHIJKLMNOP",
        "a token of GitHub": "ghp_" + "a" * 36,
        "a token of Slack": "xoxb-" + "1" * 24,
        "a key of OpenAI": "sk-proj-" + "a" * 40,
        "a key of Google": "AIza" + "a" * 35,
        "a signed token": ".".join(["eyJ" + "a" * 20, "eyJ" + "b" * 20, "c" * 43]),
        "an encrypted value": "1:" + "0" * 8 + ":" + "a" * 48,
        "a secret that is set": "SECRET" + "_KEY=" + "a1" * 25,
    }
    assert re.search(LITERALS[kind], samples[kind].encode())
    assert not re.search(LITERALS[kind], HOW.encode())


@pytest.mark.parametrize("name", [".env", "var"])
def test_files_with_secrets_are_ignored_by_git(name):
    assert name in (django_settings.BASE_DIR / ".gitignore").read_text().replace("/", "").split()
