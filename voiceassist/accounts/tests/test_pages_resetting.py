"""A forgotten password, on pages."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from voiceassist.accounts.tests.pages import (
    NEW_PASSWORD,
    PASSWORD,
    errors_beside,
    everything_in_sessions,
    heading,
    sign_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def elsewhere(author):
    """Another browser, signed in before the link was asked for: signing in voids links."""
    other = Client()
    sign_in(other, author.email)
    return other


@pytest.fixture
def link(client, author, django_capture_on_commit_callbacks):
    """Return the link of the message."""
    mail.outbox = []
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("password-reset"), {"email": author.email})
    return re.search(r"https?://[^/]+(/\S+)", mail.outbox[0].body.split("choose one:")[1])[1]


def choose(client, password=NEW_PASSWORD):
    return client.post(reverse("password-reset-confirm"), {"password": password})


def test_the_page_after_asking_is_the_same_for_every_address(client, author):
    known = client.post(reverse("password-reset"), {"email": author.email})
    unknown = Client().post(reverse("password-reset"), {"email": "nobody@clinic.test"})

    assert known["Location"] == unknown["Location"] == reverse("password-reset-sent")
    assert f"If <strong>{author.email}</strong> has an account" in client.get(known["Location"]).content.decode()


def test_the_token_leaves_the_address_bar(client, link):
    response = client.get(link)
    page = client.get(response["Location"])

    assert response["Location"] == reverse("password-reset-confirm")
    assert heading(page) == "Choose a new password"
    assert link.partition("token=")[2] not in page.content.decode()
    assert page["Referrer-Policy"] == "same-origin"


def test_a_new_password_is_set_and_every_browser_signed_out(elsewhere, client, author, link):
    client.get(link)
    done = client.get(choose(client)["Location"])

    assert heading(done) == "Your password is changed"
    assert elsewhere.get("/app/").status_code == 302
    assert "do not belong" in sign_in(Client(), author.email, PASSWORD).content.decode()
    assert sign_in(Client(), author.email, NEW_PASSWORD).status_code == 302


def test_a_weak_password_is_refused_and_the_link_stays_good(client, link):
    client.get(link)
    page = choose(client, "author author")

    assert errors_beside(page, "password") == ["Leave out your name and address."]
    assert choose(client).status_code == 302


def test_a_link_works_once(client, link):
    client.get(link)
    choose(client)
    again = Client()
    page = again.get(again.get(link)["Location"])

    assert heading(page) == "This link is not valid any more"


@pytest.mark.parametrize("token", ["made-up", "a.b", "%00", "MTIz.abc"])
def test_a_link_that_nobody_sent_opens_nothing(client, token):
    page = client.get(client.get(reverse("password-reset-confirm"), {"token": token})["Location"])

    assert heading(page) == "This link is not valid any more"


def test_too_many_messages_are_refused(client, author, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "password_reset": "1/day"}
    client.post(reverse("password-reset"), {"email": author.email})

    assert client.post(reverse("password-reset"), {"email": author.email}).status_code == 429


def test_nothing_of_the_password_stands_in_the_session(client, link):
    client.get(link)
    choose(client, "author author")
    choose(client)

    assert NEW_PASSWORD not in everything_in_sessions()
    assert "author author" not in everything_in_sessions()


def test_the_forms_are_refused_without_their_token(link):
    strict = Client(enforce_csrf_checks=True)
    strict.get(link)

    assert choose(strict).status_code == 403
    assert strict.post(reverse("password-reset"), {"email": "x@y.test"}).status_code == 403
