"""Inviting people in the console."""

import html
import re

import pytest
from django.core import mail

from voiceassist.accounts.models import Invitation

INVITATIONS = "/console/accounts/invitation/"


@pytest.fixture
def console(client, administrator):
    client.force_login(administrator)
    return client


def invite(console, **changes):
    given = {"email": "new@clinic.test", "name": "Nia New", "role": "curator", **changes}
    return console.post(f"{INVITATIONS}add/", given, follow=True)


def test_an_invited_person_gets_a_message_and_the_administrator_sees_the_link_once(
    console, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        page = html.unescape(invite(console).content.decode())

    [message] = mail.outbox
    link = re.search(r"\S+invitation=\S+", message.body)[0]
    assert message.to == ["new@clinic.test"]
    assert link in page
    assert link not in html.unescape(console.get(INVITATIONS).content.decode())
    assert "new@clinic.test" in console.get(INVITATIONS).content.decode()


def test_what_cannot_be_invited_is_said_beside_the_field(console, author):
    assert "exists already" in invite(console, email=author.email).content.decode()
    assert "valid email" in invite(console, email="nobody").content.decode()
    assert not Invitation.objects.exists()


def test_an_invitation_that_is_deleted_here_is_withdrawn(console):
    invite(console)
    row = Invitation.objects.get()
    console.post(f"{INVITATIONS}{row.pk}/delete/", {"post": "yes"})

    row.refresh_from_db()
    assert row.revoked_at is not None
    assert "new@clinic.test" not in console.get(INVITATIONS).content.decode()
