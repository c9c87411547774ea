"""Settings that would send people wrong links, or links into a log, are named."""

import io

import pytest
from django.core.management import call_command

from voiceassist.accounts.checks import CONSOLE, check_mail


@pytest.fixture
def usual(settings):
    settings.HOST, settings.HTTPS, settings.EMAIL_BACKEND = "0.0.0.0", True, "of.a.mail.server"
    settings.PUBLIC_URL, settings.PUBLIC_URL_GIVEN = "https://va.clinic.test", True
    return settings


def found():
    return [message.id for message in check_mail()]


def test_a_server_that_was_told_its_address_and_mail_server_is_fine(usual):
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"PUBLIC_URL_GIVEN": False}, ["accounts.W001"]),
        ({"PUBLIC_URL": "http://va.clinic.test"}, ["accounts.W002"]),
        ({"EMAIL_BACKEND": CONSOLE}, ["accounts.W003"]),
        ({"EMAIL_BACKEND": CONSOLE, "PUBLIC_URL_GIVEN": False}, ["accounts.W001", "accounts.W003"]),
    ],
)
@pytest.mark.parametrize("host", ["0.0.0.0", "", "127.0.0.1"])
def test_what_is_missing_is_named_once_others_use_the_server(usual, host, changes, ids):
    """With HTTPS there is a proxy: the server is for others even where it listens on loopback."""
    usual.HOST = host
    for name, value in changes.items():
        setattr(usual, name, value)

    assert found() == ids


def test_on_this_machine_alone_nothing_is_missing(usual):
    usual.HOST, usual.HTTPS, usual.EMAIL_BACKEND, usual.PUBLIC_URL_GIVEN = "127.0.0.1", False, CONSOLE, False

    assert found() == []


def test_every_check_of_the_settings_asks_it(usual):
    usual.EMAIL_BACKEND = CONSOLE
    said = io.StringIO()
    call_command("check", stderr=said, stdout=said)

    assert "links that set passwords" in said.getvalue()


@pytest.mark.django_db
def test_a_start_beyond_this_machine_says_it_plainly(usual):
    usual.EMAIL_BACKEND, usual.PUBLIC_URL_GIVEN = CONSOLE, False
    said = io.StringIO()
    call_command("prepare", stdout=said)

    assert "Warning: PUBLIC_URL is not set" in said.getvalue()
    assert "Warning: EMAIL_URL is not set" in said.getvalue()
