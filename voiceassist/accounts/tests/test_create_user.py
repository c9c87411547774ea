from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from voiceassist.accounts.models import User
from voiceassist.accounts.tests.pages import sign_in

pytestmark = pytest.mark.django_db


def create(monkeypatch, *, email: str = "Eva@Clinic.org", role: str = "clinician", password: str = "a long enough one"):
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    out = io.StringIO()
    call_command("create_user", email=email, role=role, password_stdin=True, stdout=out)
    return out.getvalue()


def may_sign_in(client, email: str) -> bool:
    sign_in(client, email, password="a long enough one")
    return "_auth_user_id" in client.session


def test_a_script_creates_a_user_who_can_sign_in(monkeypatch, client):
    said = create(monkeypatch)

    assert "eva@clinic.org" in said
    assert may_sign_in(client, "EVA@clinic.org")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"password": "short"}, "at least 12"),
        ({"password": "password1234"}, "guessed first"),
        ({"password": ""}, "at least 12"),
        ({"email": "no address"}, "valid email"),
    ],
)
def test_what_is_wrong_is_said_and_nobody_is_created(monkeypatch, changes, cause):
    with pytest.raises(CommandError, match=cause):
        create(monkeypatch, **changes)
    assert not User.objects.exists()


def test_an_unknown_role_is_refused(monkeypatch):
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("create_user", "--email", "e@clinic.org", "--role", "boss", "--password-stdin")


def test_an_address_is_taken_once_whatever_its_case(monkeypatch):
    create(monkeypatch)
    with pytest.raises(CommandError, match="exists already"):
        create(monkeypatch, email="eva@CLINIC.org")


def test_an_inactive_user_cannot_sign_in(monkeypatch, client):
    create(monkeypatch)
    User.objects.update(is_active=False)
    assert not may_sign_in(client, "eva@clinic.org")


def test_djangos_createsuperuser_makes_an_administrator(monkeypatch, client):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long enough one")
    call_command("createsuperuser", interactive=False, email="Root@Clinic.org", stdout=io.StringIO())

    assert User.objects.get().role == "administrator"
    assert may_sign_in(client, "root@clinic.org")
    assert client.get("/console/").status_code == 200
