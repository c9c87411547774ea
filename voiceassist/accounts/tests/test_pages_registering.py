"""Registering on pages: invited, or where registration is open; and confirming the address."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from voiceassist.accounts.links import invitation_token, verification_token
from voiceassist.accounts.models import Invitation, User
from voiceassist.accounts.tests.pages import (
    NEW_PASSWORD,
    errors_beside,
    everything_in_sessions,
    heading,
    notices,
    summary,
)
from voiceassist.core import system_settings

pytestmark = pytest.mark.django_db
NEW = {"email": "new@clinic.test", "name": "Nia New", "password": NEW_PASSWORD}


@pytest.fixture
def open_to_clinic(db):
    values = {"registration_mode": "listed_domains", "registration_domains": ["clinic.test"]}
    system_settings.set_values(values, by_id=None)


@pytest.fixture
def invitation(administrator):
    return Invitation.objects.create(
        email="ines@clinic.test",
        name="Ines Costa",
        role="clinician",
        invited_by=administrator,
        expires_at=timezone.now() + timedelta(days=7),
    )


@pytest.fixture
def waiting(db):
    """Somebody who registered and has not confirmed the address."""
    return User.objects.create_user(email=NEW["email"], password=NEW_PASSWORD, email_verified_at=None)


def register(client, **changes):
    return client.post(reverse("register"), {**NEW, **changes})


def send(client, django_capture, **changes):
    with django_capture(execute=True):
        return register(client, **changes)


# --- Open registration -------------------------------------------------------


def test_by_default_the_page_says_how_to_get_an_invitation(client):
    page = client.get(reverse("register"))

    assert heading(page) == "Accounts are made by invitation"
    assert 'type="password"' not in page.content.decode()


def test_a_closed_registration_takes_no_form(client):
    assert heading(register(client)) == "Accounts are made by invitation"
    assert not User.objects.exists()


def test_registering_sends_a_message_and_says_so(client, open_to_clinic, django_capture_on_commit_callbacks):
    response = send(client, django_capture_on_commit_callbacks)
    page = client.get(response["Location"])

    assert heading(page) == "Open the message we sent"
    assert NEW["email"] in page.content.decode()
    assert [letter.to for letter in mail.outbox] == [[NEW["email"]]]
    assert "/app/verify/?token=" in mail.outbox[0].body


def test_an_address_with_an_account_looks_the_same(client, author, open_to_clinic, django_capture_on_commit_callbacks):
    new = send(client, django_capture_on_commit_callbacks)
    known = send(Client(), django_capture_on_commit_callbacks, email=author.email)

    assert (new.status_code, new["Location"]) == (known.status_code, known["Location"])
    assert "already" in mail.outbox[1].subject


def test_an_address_of_another_domain_is_refused_in_words(client, open_to_clinic):
    page = register(client, email="new@elsewhere.test")

    assert summary(page) == ["Accounts are made by invitation here. Ask an administrator for one."]
    assert not User.objects.exists()


def test_a_weak_password_is_refused_beside_its_field(client, open_to_clinic):
    page = register(client, password="short")

    assert "Use at least 12 characters." in errors_beside(page, "password")
    assert "short" not in page.content.decode().replace("shorter", "")


def test_too_many_registrations_are_refused(client, open_to_clinic, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "register": "1/day"}
    register(client)

    assert register(client, email="other@clinic.test").status_code == 429


# --- Invited -----------------------------------------------------------------


def open_invitation(client, invitation, token=None):
    return client.get(reverse("register"), {"invitation": token or invitation_token(invitation.pk)})


def test_the_token_of_an_invitation_leaves_the_address_bar(client, invitation):
    response = open_invitation(client, invitation)
    page = client.get(response["Location"]).content.decode()

    assert response["Location"] == reverse("register")
    assert invitation_token(invitation.pk) not in page
    assert "administrator invites you" in page


def test_an_invited_person_opens_the_account_of_the_invited_address_only(client, invitation):
    open_invitation(client, invitation)
    response = register(client, email="another@clinic.test", name="Ines Costa")
    user = User.objects.get(email="ines@clinic.test")

    assert response["Location"] == reverse("login")
    assert (user.role, user.check_password(NEW_PASSWORD)) == ("clinician", True)
    assert not User.objects.filter(email="another@clinic.test").exists()


def test_the_sign_in_page_then_says_so_and_knows_the_address(client, invitation):
    open_invitation(client, invitation)
    register(client)
    page = client.get(reverse("login"))

    assert notices(page) == ["Your account is ready. Sign in with the password you just chose."]
    assert 'value="ines@clinic.test"' in page.content.decode()


def test_an_invitation_works_once(client, invitation):
    open_invitation(client, invitation)
    register(client)
    other = Client()
    page = other.get(open_invitation(other, invitation)["Location"])

    assert heading(page) == "This invitation is not valid any more"


@pytest.mark.parametrize("change", [{"revoked_at": timezone.now()}, {"expires_at": timezone.now()}])
def test_a_withdrawn_or_old_invitation_opens_nothing(client, invitation, change):
    Invitation.objects.filter(pk=invitation.pk).update(**change)
    page = client.get(open_invitation(client, invitation)["Location"])

    assert heading(page) == "This invitation is not valid any more"


def test_an_invitation_that_nobody_made_opens_nothing(client, invitation):
    page = client.get(open_invitation(client, invitation, token="made-up")["Location"])

    assert heading(page) == "This invitation is not valid any more"


# --- Confirming --------------------------------------------------------------


def open_link(client, user, token=None):
    token = token or verification_token(user_id=user.pk, email=user.email)
    return client.get(reverse("verify-email"), {"token": token})


def confirm(client, password=NEW_PASSWORD):
    return client.post(reverse("verify-email"), {"password": password})


def test_opening_the_link_confirms_nothing_and_hides_the_token(client, waiting):
    response = open_link(client, waiting)
    page = client.get(response["Location"])
    waiting.refresh_from_db()

    assert response["Location"] == reverse("verify-email")
    assert heading(page) == "Confirm your address"
    assert waiting.email_verified_at is None


def test_the_password_confirms_and_leads_to_the_sign_in(client, waiting):
    open_link(client, waiting)
    response = confirm(client)
    page = client.get(response["Location"])
    waiting.refresh_from_db()

    assert waiting.email_verified_at is not None
    assert notices(page) == ["Your address is confirmed. You can sign in now."]
    assert "_auth_user_id" not in client.session
    assert "token:" not in everything_in_sessions()


def test_a_wrong_password_confirms_nothing(client, waiting):
    open_link(client, waiting)
    page = confirm(client, "something else")
    waiting.refresh_from_db()

    assert "chosen when the account was registered" in errors_beside(page, "password")[0]
    assert waiting.email_verified_at is None


@pytest.mark.parametrize("token", ["made-up", "a:b:c"])
def test_a_link_that_is_not_valid_offers_another_message(client, db, token):
    page = client.get(open_link(client, None, token=token)["Location"])

    assert heading(page) == "This link is not valid any more"
    assert 'action="/app/register/sent/"' in page.content.decode()


def test_without_a_link_there_is_nothing_to_confirm(client):
    assert heading(client.get(reverse("verify-email"))) == "This link is not valid any more"
    assert heading(confirm(client)) == "This link is not valid any more"


def test_the_message_can_be_sent_again(client, waiting, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("register-sent"), {"email": waiting.email})

    assert notices(client.get(response["Location"])) == ["The message was sent again."]
    assert re.search(r"token=\S+", mail.outbox[0].body)


def test_sending_again_tells_nobody_who_has_an_account(client, author, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        responses = [client.post(reverse("register-sent"), {"email": email}) for email in (author.email, "x@y.test")]

    assert {response["Location"] for response in responses} == {reverse("register-sent")}
    assert not mail.outbox


def test_nothing_of_the_password_stands_in_the_session(client, open_to_clinic, invitation):
    register(client)
    open_invitation(client, invitation)
    register(client)

    assert NEW_PASSWORD not in everything_in_sessions()


def test_the_forms_are_refused_without_their_token(open_to_clinic, waiting):
    strict = Client(enforce_csrf_checks=True)
    open_link(strict, waiting)

    assert register(strict).status_code == 403
    assert confirm(strict).status_code == 403
    assert strict.post(reverse("register-sent"), {"email": waiting.email}).status_code == 403
