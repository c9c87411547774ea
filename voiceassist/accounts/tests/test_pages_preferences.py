"""The page of preferences, and what they change on every page."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from voiceassist.accounts.models import UserSettings
from voiceassist.accounts.tests.pages import errors_beside, notices, sign_in

pytestmark = pytest.mark.django_db
GIVEN = {
    "theme": "dark",
    "time_zone": "Europe/Berlin",
    "citation_style": "apa",
    "language": "de-AT",
    "voice": "nova",
    "speech_rate": "1.25",
    "idle_lock_minutes": "5",
    "email_notifications": "on",
}


@pytest.fixture
def browser(client, author):
    sign_in(client, author.email)
    return client


def save(browser, **changes):
    given = {name: value for name, value in {**GIVEN, **changes}.items() if value is not None}
    return browser.post(reverse("preferences"), given)


def save_one(browser, name, value=None):
    body = {"only": name} if value is None else {"only": name, name: value}
    return browser.post(reverse("preferences"), body, headers={"accept": "application/json"})


def test_all_are_saved_by_the_button(browser, author):
    page = browser.get(save(browser)["Location"])
    stored = UserSettings.objects.get(user=author)

    assert notices(page) == ["Your preferences are saved."]
    assert (stored.theme, stored.time_zone, stored.citation_style) == ("dark", "Europe/Berlin", "apa")
    assert (stored.language, stored.voice, stored.speech_rate) == ("de-AT", "nova", 1.25)
    assert (stored.idle_lock_minutes, stored.email_notifications) == (5, True)


def test_one_is_saved_by_itself(browser, author):
    save(browser)
    response = save_one(browser, "voice", "onyx")
    stored = UserSettings.objects.get(user=author)

    assert response.json()["saved"]
    assert (stored.voice, stored.theme) == ("onyx", "dark")


def test_a_box_that_is_not_ticked_and_a_field_that_is_emptied_are_saved_too(browser, author):
    save(browser)
    save_one(browser, "email_notifications")
    save_one(browser, "idle_lock_minutes", "")
    stored = UserSettings.objects.get(user=author)

    assert (stored.email_notifications, stored.idle_lock_minutes) == (False, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", "pink"),
        ("time_zone", "Mars/Olympus"),
        ("citation_style", "harvard"),
        ("language", "klingon"),
        ("voice", "hal"),
        ("speech_rate", "9"),
        ("idle_lock_minutes", "90"),
        ("idle_lock_minutes", "0"),
    ],
)
def test_a_wrong_value_is_told_in_words_to_page_and_script(browser, name, value):
    page = save(browser, **{name: value})
    answer = save_one(browser, name, value).json()

    assert errors_beside(page, name) == answer["errors"][name]
    assert not answer["saved"]
    assert not UserSettings.objects.exists()


def test_a_language_that_was_set_elsewhere_stays(browser, author):
    UserSettings.objects.create(user=author, language="mt")

    assert '<option value="mt" selected>' in browser.get(reverse("preferences")).content.decode()


def test_the_form_is_refused_without_its_token(author):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(author)

    assert save(strict).status_code == 403


# --- What they change --------------------------------------------------------


@pytest.mark.parametrize(("theme", "attribute"), [("dark", ' data-theme="dark"'), ("light", ' data-theme="light"')])
def test_a_theme_stands_in_the_page_from_the_first_byte(browser, theme, attribute):
    save(browser, theme=theme)

    assert f'<html lang="en"{attribute}' in browser.get("/app/?new").content.decode()


def test_without_a_choice_pages_follow_the_system(browser, client):
    assert "data-theme" not in browser.get("/app/settings/profile/").content.decode().partition("<body")[0]
    assert "data-theme" not in Client().get(reverse("login")).content.decode()


def test_times_on_pages_stand_in_the_chosen_zone(browser):
    save(browser, time_zone="Asia/Tokyo", idle_lock_minutes="")
    with time_machine.travel(datetime.now(tz=UTC).replace(hour=22, minute=30), tick=False):
        again = Client()
        sign_in(again, "author@clinic.test")
        page = again.get(reverse("security")).content.decode()

    assert ", 07:30" in page


def test_the_zone_of_one_reader_never_reaches_the_next(browser, client, colleague):
    save(browser, time_zone="Asia/Tokyo")
    other = Client()
    sign_in(other, colleague.email)

    assert "data-time-zone" not in other.get(reverse("preferences")).content.decode()
    assert "in <span data-zone-name>UTC</span>" in other.get(reverse("preferences")).content.decode()


def test_the_api_tells_times_in_utc_whatever_was_chosen(browser):
    save(browser, time_zone="Asia/Tokyo")

    assert browser.get("/api/v1/users/me").json()["data"]["created_at"].endswith("Z")
