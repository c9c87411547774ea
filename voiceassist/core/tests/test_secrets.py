import re
import secrets
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from voiceassist.core.secrets import HOW, Secrets, checked_secrets, kept_secret, split, weakness


def good():
    return secrets.token_urlsafe(48)


def checked(tmp_path, *, signing=None, tokens=None, fields=None, on_loopback=False):
    given = Secrets(
        good() if signing is None else signing,
        good() if tokens is None else tokens,
        [good()] if fields is None else fields,
    )
    return checked_secrets(given=given, data_dir=tmp_path, on_loopback=on_loopback)


def refusal(tmp_path, **given):
    with pytest.raises(ImproperlyConfigured) as caught:
        checked(tmp_path, **given)
    return str(caught.value)


def test_good_secrets_are_taken(tmp_path):
    given = checked(tmp_path, fields=[good(), secrets.token_urlsafe(32) + "="])
    assert len(given.fields) == 2
    assert list(tmp_path.iterdir()) == []


def test_nothing_given_is_refused_naming_all_three_and_how_to_make_them(tmp_path):
    said = refusal(tmp_path, signing="", tokens="", fields=[])
    for name in ("SECRET_KEY", "JWT_SECRET_KEY", "FIELD_ENCRYPTION_KEYS"):
        assert f"{name} is not set." in said.splitlines()
    assert said.splitlines()[-1] == HOW
    assert list(tmp_path.iterdir()) == []  # and none is made behind the operator's back


def test_the_command_in_the_message_makes_a_good_one(tmp_path):
    command = shlex.split(HOW.partition(": ")[2])
    made = subprocess.run([sys.executable, *command[1:]], capture_output=True, text=True, check=True).stdout.strip()
    assert checked(tmp_path, signing=made).signing == made
    assert checked(tmp_path, fields=[made]).fields == [made]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"signing": good()[:49]}, r"SECRET_KEY is too short \(49 characters; 50 are the least\)\."),
        ({"tokens": good()[:31]}, r"JWT_SECRET_KEY is too short \(31 characters; 32 are the least\)\."),
        ({"tokens": "aB3" * 30}, "JWT_SECRET_KEY has too little variety."),
        ({"signing": "abcdefghijklm-nopqrs" * 3}, "SECRET_KEY looks like an example"),
        ({"signing": "klmnopqrstuvwxyz-0-2" * 3}, "SECRET_KEY has too little variety."),
        ({"signing": "x" * 60}, "SECRET_KEY has too little variety."),
        ({"signing": "django-insecure-" + good()}, "SECRET_KEY looks like an example"),
        ({"tokens": "change-me-in-production-please-" + good()}, "JWT_SECRET_KEY looks like an example"),
        ({"tokens": "your_secret_key_of_the_year_" + good()}, "JWT_SECRET_KEY looks like an example"),
        ({"fields": ["A" * 64]}, "FIELD_ENCRYPTION_KEYS: a key has too little variety."),
        ({"fields": [good(), "Y2hhbmdlLW1l" * 6]}, "FIELD_ENCRYPTION_KEYS: a key looks like an example"),
        ({"fields": ["short"]}, "FIELD_ENCRYPTION_KEYS: key 1 is malformed. It is no URL-safe base64."),
        (
            {"fields": [good(), secrets.token_urlsafe(31)]},
            "FIELD_ENCRYPTION_KEYS: key 2 is malformed. It holds 31 bytes",
        ),
    ],
)
def test_a_weak_secret_is_refused_by_name_with_the_reason_and_never_shown(tmp_path, given, reason):
    said = refusal(tmp_path, **given)
    assert re.match(reason, said)
    assert HOW in said
    [value] = given.values()
    assert not any(part in said for part in ([value] if isinstance(value, str) else value))


def test_a_secret_used_twice_is_refused(tmp_path):
    one = good()
    assert refusal(tmp_path, signing=one, tokens=one).startswith("JWT_SECRET_KEY has the same value as SECRET_KEY.")
    assert "FIELD_ENCRYPTION_KEYS has the same value as JWT_SECRET_KEY." in refusal(tmp_path, tokens=one, fields=[one])
    assert "FIELD_ENCRYPTION_KEYS has the same value as SECRET_KEY." in refusal(
        tmp_path, signing=one, fields=[good(), f"{one}=="]
    )


@pytest.mark.parametrize("on_loopback", [False, True])
@pytest.mark.parametrize("keys", [["short"], ["no base64 at all, however long it may be!!"], [good()] * 2])
def test_malformed_keys_are_refused_everywhere(tmp_path, on_loopback, keys):
    if len(keys) == 2:
        keys = [keys[0], keys[0]]
    assert refusal(tmp_path, fields=keys, on_loopback=on_loopback).startswith("FIELD_ENCRYPTION_KEYS: ")


def test_random_secrets_of_every_usual_form_are_good():
    for _ in range(200):
        for text in (good(), secrets.token_hex(32), secrets.token_urlsafe(38), secrets.token_hex(25)):
            assert not weakness(text, least=50)


def test_on_loopback_what_is_missing_is_made_and_kept(tmp_path):
    nothing = {"signing": "", "tokens": "", "fields": [], "on_loopback": True}
    first = checked(tmp_path, **nothing)

    assert checked(tmp_path, **nothing) == first
    assert len({first.signing, first.tokens, *first.fields}) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"secret_key", "jwt_secret_key", "field_encryption_key"}
    assert checked(tmp_path, signing=first.signing, tokens=first.tokens, fields=first.fields)  # good enough elsewhere


def test_on_loopback_what_is_given_is_used(tmp_path):
    assert checked(tmp_path, signing="short", on_loopback=True).signing == "short"


def test_moving_beyond_loopback_tells_of_the_key_that_the_data_need(tmp_path):
    checked(tmp_path, signing="", tokens="", fields=[], on_loopback=True)
    said = refusal(tmp_path, fields=[])
    assert f"FIELD_ENCRYPTION_KEYS_FILE={tmp_path / 'field_encryption_key'}" in said
    assert (tmp_path / "field_encryption_key").read_text() not in said


def test_keys_may_stand_on_lines_or_between_commas():
    assert split(" a,b\nc ,\n") == ["a", "b", "c"]
    assert split("") == []


def test_no_repr_shows_a_secret(tmp_path):
    given = checked(tmp_path)
    assert not any(value in repr(given) + str(given) for value in (given.signing, given.tokens, *given.fields))


def test_an_empty_or_unreadable_file_is_named(tmp_path):
    (tmp_path / "empty").write_text("")
    with pytest.raises(ImproperlyConfigured, match="empty is empty"):
        kept_secret(tmp_path / "empty", name="JWT_SECRET_KEY")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ImproperlyConfigured, match="Set JWT_SECRET_KEY"):
        kept_secret(tmp_path / "binary", name="JWT_SECRET_KEY")
    with pytest.raises(ImproperlyConfigured, match="cannot be used"):
        kept_secret(Path("/proc/nowhere/secret"))
