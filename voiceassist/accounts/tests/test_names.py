"""One rule for the names of people, whichever way they come in."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from voiceassist.accounts.models import Invitation, User
from voiceassist.accounts.names import LONGEST, checked_name
from voiceassist.accounts.oidc.id_tokens import identity_of
from voiceassist.accounts.services import profiles, registration
from voiceassist.accounts.services.invitations import invite
from voiceassist.accounts.services.users import create_user
from voiceassist.accounts.tests.pages import NEW_PASSWORD
from voiceassist.core import system_settings
from voiceassist.core.errors import NotValid

pytestmark = pytest.mark.django_db
EMAIL = "new@clinic.test"
BAD = {
    "a line of its own": "Ann\nPay at http://evil.example",
    "a return": "Ann\rPay",
    "a tabulator": "Ann\tB",
    "a bell": "Ann\aB",
    "turned around": "Ann \u202egro.cinilc",
    "isolated": "Ann \u2066B\u2069",
    "a mark of direction": "Ann\u200fB",
    "a separator of lines": "Ann\u2028B",
    "a next line": "Ann\x85B",
    "nothing to see": "Ann\u200bB",
    "half a pair": "Ann\ud800B",
    "too long": "x" * (LONGEST + 1),
}


@pytest.fixture
def open_to_all(db):
    system_settings.set_values({"registration_mode": "open"}, by_id=None)


def by_registering(name, _by):
    registration.register(email=EMAIL, password=NEW_PASSWORD, name=name, invitation="", now=timezone.now())


def by_invitation(name, by):
    invite(email=EMAIL, name=name, role="clinician", by=by, now=timezone.now())


def by_command(name, _by):
    create_user(email=EMAIL, password=NEW_PASSWORD, role="clinician", name=name)


def by_profile(name, by):
    profiles.change_profile(user=by, values={"name": name})


WAYS = [by_registering, by_invitation, by_command, by_profile]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", BAD.values(), ids=BAD.keys())
def test_a_name_that_would_break_or_turn_a_line_is_refused_by_its_field(open_to_all, administrator, way, name):
    with pytest.raises(NotValid) as refused:
        way(name, administrator)

    assert refused.value.field == "name"
    assert not User.objects.filter(email=EMAIL).exists()
    assert not Invitation.objects.exists()
    administrator.refresh_from_db()
    assert administrator.name == "administrator"


@pytest.mark.parametrize("way", WAYS)
def test_a_name_is_stored_trimmed(open_to_all, administrator, way):
    way("  Zoë   O’Hara-Núñez \n", administrator)

    known = [*User.objects.values_list("name", flat=True), *Invitation.objects.values_list("name", flat=True)]
    assert "Zoë O’Hara-Núñez" in known


def test_no_name_is_a_name_too(open_to_all, administrator):
    by_invitation("", administrator)
    assert Invitation.objects.get().name == ""


@pytest.mark.parametrize("name", ["علی\u200cرضا", "ක්\u200dරිස්", "王小明", "Łukasz Żółć"])
def test_names_of_all_scripts_are_names(name):
    assert checked_name(name) == name


@pytest.mark.parametrize("name", BAD.values(), ids=BAD.keys())
def test_what_a_provider_sends_is_put_right_for_nobody_here_can(name):
    identity = identity_of({"sub": "1", "name": name}, {}, issuer="https://id.test")

    assert checked_name(identity.name) == identity.name
    assert identity.name.startswith(("Ann", "xxx"))


def test_the_command_says_what_is_wrong(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(NEW_PASSWORD))
    with pytest.raises(CommandError, match="one line of text"):
        call_command("create_user", email=EMAIL, role="clinician", name="Ann\u202eB", password_stdin=True)


def test_the_registration_form_and_the_api_show_it_beside_the_field(open_to_all, client):
    body = {"email": EMAIL, "password": NEW_PASSWORD, "name": "Ann\u202eB"}
    answer = client.post("/api/v1/auth/register", body, content_type="application/json")
    page = client.post("/app/register/", body).content.decode()

    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "name")
    assert 'href="#id_name"' in page
