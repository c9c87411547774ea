"""The sign-in page and the page of the second factor."""

import logging
import time
from datetime import timedelta
from unittest.mock import patch

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from voiceassist.accounts import devices
from voiceassist.accounts.models import SignIn, User, UserSettings
from voiceassist.accounts.services import second_factor, sign_ins
from voiceassist.accounts.services.second_factor import _code_at
from voiceassist.accounts.tests.pages import PASSWORD, everything_in_sessions, heading, sign_in, summary
from voiceassist.accounts.views import entering
from voiceassist.core import system_settings

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"


def code(after=0):
    return _code_at(SECRET, int(time.time()) // 30 + after)


@pytest.fixture
def recovery_codes(author):
    return second_factor.set_up(user=author, secret=SECRET, code=code(-1), keep=None, now=timezone.now())


def test_signing_in_is_written_down_and_the_device_is_known_the_next_time(client, author):
    response = sign_in(client, author.email)

    assert response.status_code == 302
    assert SignIn.objects.get(user=author).second_factor is False
    assert response.cookies[devices.COOKIE]["httponly"]


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/app/", "javascript:alert(1)", "\\\\evil"]
)
def test_no_way_leads_to_another_site(client, author, elsewhere):
    assert sign_in(client, author.email, next=elsewhere)["Location"] == "/app/"
    assert client.get(reverse("login"), {"next": elsewhere})["Location"] == "/app/"


def test_whoever_is_signed_in_is_led_on(client, author):
    client.force_login(author)

    assert client.get(reverse("login"), {"next": "/app/settings/"})["Location"] == "/app/settings/"


def test_an_address_that_is_not_confirmed_gets_the_message_again(client, author, mailoutbox):
    User.objects.filter(pk=author.pk).update(email_verified_at=None)
    page = sign_in(client, author.email)

    assert summary(page) == ["Confirm your e-mail address first: open the link in the message that was sent to it."]
    assert f'name="email" value="{author.email}"' in page.content.decode()
    assert 'action="/app/register/sent/"' in page.content.decode()


def test_nobody_learns_of_an_address_that_is_not_confirmed_without_the_password(client, author):
    User.objects.filter(pk=author.pk).update(email_verified_at=None)

    assert "do not belong together" in summary(sign_in(client, author.email, "something else"))[0]


def test_an_account_that_is_switched_off_is_told_so(client, author):
    User.objects.filter(pk=author.pk).update(is_active=False)

    assert "switched off" in summary(sign_in(client, author.email))[0]


def test_too_many_wrong_passwords_lock_and_say_for_how_long(client, author):
    for _ in range(system_settings.get("lockout_threshold")):
        sign_in(client, author.email, "something else")
    page = sign_in(client, author.email)

    assert (page.status_code, int(page["Retry-After"])) == (429, pytest.approx(60, abs=5))
    assert "Try again in 1 minute" in summary(page)[0]
    assert "_auth_user_id" not in client.session


def test_too_many_attempts_from_one_address_are_refused(client, author, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "login": "1/day"}
    sign_in(client, "nobody@clinic.test")
    page = sign_in(client, author.email)

    assert page.status_code == 429
    assert page["Retry-After"]
    assert summary(page) == ["Too many requests. Wait a little and try again."]


def test_the_form_is_refused_without_its_token(author):
    strict = Client(enforce_csrf_checks=True)

    assert sign_in(strict, author.email).status_code == 403
    assert "_auth_user_id" not in strict.session


def test_the_focus_goes_to_the_summary(client):
    page = client.post(reverse("login"), {}).content.decode()

    assert 'role="alert" tabindex="-1" autofocus' in page


def test_the_page_offers_the_identity_provider_when_there_is_one(client):
    provider = type("Provider", (), {"name": "Clinic login", "url": "/app/oidc/login/"})
    with patch.object(entering.oidc, "provider", return_value=provider):
        page = client.get(reverse("login"), {"next": "/app/settings/"}).content.decode()

    assert "Sign in with Clinic login" in page
    assert 'action="/app/oidc/login/"' in page


# --- The time zone -----------------------------------------------------------


def test_the_first_sign_in_takes_over_the_time_zone_of_the_browser(client, author):
    sign_in(client, author.email, time_zone="Europe/Berlin")

    assert UserSettings.objects.get(user=author).time_zone == "Europe/Berlin"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd"])
def test_a_time_zone_that_is_not_known_is_left_out(client, author, zone):
    sign_in(client, author.email, time_zone=zone)

    assert not UserSettings.objects.exists()


def test_what_was_chosen_before_is_kept(client, author):
    UserSettings.objects.create(user=author, time_zone="Asia/Tokyo")
    sign_in(client, author.email, time_zone="Europe/Berlin")

    assert UserSettings.objects.get(user=author).time_zone == "Asia/Tokyo"


# --- The second factor -------------------------------------------------------


def give(client, text):
    return client.post(reverse("second-factor"), {"code": text})


def test_the_right_password_alone_signs_nobody_in_who_has_a_second_factor(client, author, recovery_codes):
    client.get(reverse("login"))
    before = client.session.session_key
    response = sign_in(client, author.email)

    assert response["Location"] == reverse("second-factor")
    assert "_auth_user_id" not in client.session
    assert client.session.session_key != before
    assert not SignIn.objects.exists()
    assert client.get("/app/")["Location"].startswith("/app/login/")


def test_the_code_of_the_app_signs_in_and_leads_on(client, author, recovery_codes):
    sign_in(client, author.email, next="/app/settings/", time_zone="Europe/Berlin")
    response = give(client, f" {code()[:3]} {code()[3:]} ")

    assert response["Location"] == "/app/settings/"
    assert SignIn.objects.get(user=author).second_factor is True
    assert UserSettings.objects.get(user=author).time_zone == "Europe/Berlin"
    assert "pending_sign_in" not in client.session


def test_a_recovery_code_signs_in_once(client, author, recovery_codes):
    sign_in(client, author.email)
    assert give(client, recovery_codes[0])["Location"] == "/app/"
    client.post(reverse("logout"))

    sign_in(client, author.email)
    assert "used before" in summary(give(client, recovery_codes[0]))[0]


def test_a_wrong_code_stands_beside_its_field_and_changes_nothing(client, author, recovery_codes):
    sign_in(client, author.email)
    page = give(client, "000000")

    assert page.status_code == 200
    assert 'href="#id_code"' in page.content.decode()
    assert "_auth_user_id" not in client.session


def test_too_many_wrong_codes_lock_and_the_words_do_not_send_to_a_new_password(client, author, recovery_codes):
    sign_in(client, author.email)
    for _ in range(system_settings.get("lockout_threshold")):
        give(client, "000000")
    page = give(client, code())

    assert page.status_code == 429
    assert summary(page) == ["There were too many wrong codes. Try again in 1 minute."]


def test_the_page_of_the_code_leads_back_without_the_password(client):
    assert client.get(reverse("second-factor"))["Location"] == "/app/login/"
    assert give(client, "123456")["Location"] == "/app/login/"


def test_after_five_minutes_one_begins_again(client, author, recovery_codes):
    sign_in(client, author.email)
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)):
        response = client.get(reverse("second-factor"), follow=True)

    assert heading(response) == "Sign in"
    assert "longer than five minutes" in response.content.decode()


def test_a_password_that_was_changed_meanwhile_ends_the_way_in(client, author, recovery_codes):
    sign_in(client, author.email)
    author.set_password("seven green bicycles")
    author.save()

    assert give(client, code())["Location"] == "/app/login/"


def test_signing_out_everywhere_ends_the_way_in_too(client, author, recovery_codes):
    sign_in(client, author.email)
    sign_ins.end_all(user=author, reason="everywhere", now=timezone.now())

    assert give(client, code())["Location"] == "/app/login/"


# --- What is kept of a password ----------------------------------------------


def test_no_password_and_no_code_stands_in_a_session_or_the_log(client, author, recovery_codes, caplog):
    with caplog.at_level(logging.DEBUG):
        sign_in(client, author.email, "something else entirely")
        sign_in(client, author.email)
        give(client, recovery_codes[0])

    for secret in (PASSWORD, "something else entirely", recovery_codes[0]):
        assert secret not in everything_in_sessions()
        assert secret not in caplog.text
