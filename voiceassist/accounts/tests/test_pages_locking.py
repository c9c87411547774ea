"""The lock screen, and how a browser says that somebody is there."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from voiceassist.accounts.models import SignIn, UserSettings
from voiceassist.accounts.tests.pages import PASSWORD, errors_beside, heading, sign_in
from voiceassist.core import system_settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, author):
    sign_in(client, author.email)
    return client


@pytest.fixture
def locked(browser):
    browser.post(reverse("lock"))
    return browser


def unlock(browser, password=PASSWORD, **more):
    return browser.post(reverse("unlock"), {"current_password": password, **more})


def test_a_browser_that_was_left_alone_asks_for_the_password(browser):
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        response = browser.get("/app/settings/profile/")
        page = browser.get(response["Location"])

    assert response["Location"] == "/app/unlock/?next=%2Fapp%2Fsettings%2Fprofile%2F"
    assert heading(page) == "Locked"
    assert "<strong>author</strong>" in page.content.decode()


def test_one_can_lock_at_once_and_comes_back_to_where_one_was(browser):
    response = browser.post(reverse("lock"), {"next": "/app/settings/security/"})

    assert response["Location"] == "/app/unlock/?next=%2Fapp%2Fsettings%2Fsecurity%2F"
    assert browser.get("/app/").status_code == 302
    assert browser.get("/api/v1/auth/me").status_code == 401


def test_the_password_unlocks_and_leads_on(locked):
    assert unlock(locked, next="/app/settings/security/")["Location"] == "/app/settings/security/"
    assert locked.get("/app/").status_code == 200


def test_unlocking_never_leads_to_another_site(locked):
    assert unlock(locked, next="https://evil.example/")["Location"] == "/app/"


def test_a_wrong_password_leaves_it_locked(locked):
    page = unlock(locked, "something else")

    assert errors_beside(page, "current_password") == ["This is not your current password."]
    assert locked.get("/app/").status_code == 302


def test_too_many_wrong_passwords_are_refused(locked):
    for _ in range(system_settings.get("lockout_threshold")):
        unlock(locked, "something else")

    assert unlock(locked).status_code == 429
    assert locked.get("/app/").status_code == 302


def test_the_locked_page_shows_nothing_but_the_name(locked):
    page = locked.get(reverse("unlock")).content.decode()

    assert "Conversations" not in page
    assert 'id="idle"' not in page


def test_somebody_else_signs_in_after_signing_out(locked, colleague):
    assert locked.post(reverse("logout"))["Location"] == "/app/login/"
    assert sign_in(locked, colleague.email).status_code == 302


def test_a_page_that_is_not_locked_leads_on(browser):
    assert browser.get(reverse("unlock"), {"next": "/app/settings/"})["Location"] == "/app/settings/"


def test_somebody_without_a_password_is_led_to_the_provider_or_out(locked, author):
    author.set_unusable_password()
    author.save()
    again = Client()
    again.force_login(author)
    again.post(reverse("lock"))
    page = again.get(reverse("unlock")).content.decode()

    assert 'type="password"' not in page
    assert "Sign in as somebody else" in page


def test_saying_that_somebody_is_there_counts_as_activity(browser, author):
    long_ago = timezone.now() - timedelta(minutes=14)
    SignIn.objects.filter(user=author).update(last_seen_at=long_ago)
    response = browser.post(reverse("seen"))

    assert response.status_code == 204
    assert SignIn.objects.get(user=author).last_seen_at > long_ago + timedelta(minutes=13)


def test_nobody_is_there_once_the_browser_is_locked(locked):
    response = locked.post(reverse("seen"), headers={"accept": "application/json"})

    assert (response.status_code, response.json()["error"]["code"]) == (401, "UNAUTHORIZED")


def test_pages_know_the_limit_of_their_reader(browser, author):
    assert 'data-minutes="15"' in browser.get("/app/settings/profile/").content.decode()
    UserSettings.objects.create(user=author, idle_lock_minutes=5)
    assert 'data-minutes="5"' in browser.get("/app/settings/profile/").content.decode()


@pytest.mark.parametrize("name", ["lock", "seen"])
def test_both_are_posts_with_a_token_of_somebody_signed_in(client, author, name):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(author)

    assert strict.post(reverse(name)).status_code == 403
    assert strict.get(reverse(name)).status_code == 405
    assert client.post(reverse(name))["Location"].startswith("/app/login/")
