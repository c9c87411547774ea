"""The security page: password, and where one is signed in."""

import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from voiceassist.accounts.client import Client as Program
from voiceassist.accounts.models import SignIn
from voiceassist.accounts.services import sign_ins
from voiceassist.accounts.tests.pages import (
    NEW_PASSWORD,
    PASSWORD,
    errors_beside,
    everything_in_sessions,
    notices,
    sign_in,
)
from voiceassist.core import system_settings

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def browser(client, author):
    sign_in(client, author.email)
    return client


@pytest.fixture
def elsewhere(author):
    other = Client(headers={"user-agent": FIREFOX})
    sign_in(other, author.email)
    return other


@pytest.fixture
def program(author):
    client = Program(address="10.0.0.7", agent="ward-dashboard/2.1")
    return sign_ins.begin_with_tokens(user=author, client=client, second_factor=False, now=timezone.now())


def change(browser, *, current=PASSWORD, new=NEW_PASSWORD):
    return browser.post(reverse("password-change"), {"current_password": current, "password": new})


def newest(user):
    return SignIn.objects.filter(user=user).order_by("-created_at").first()


# --- The password ------------------------------------------------------------


def test_changing_the_password_keeps_this_browser_and_ends_the_others(browser, elsewhere, author):
    page = browser.get(change(browser)["Location"])

    assert notices(page) == ["Your password is changed. You are signed out everywhere else."]
    assert elsewhere.get("/app/").status_code == 302
    assert sign_in(Client(), author.email, NEW_PASSWORD).status_code == 302


def test_a_wrong_current_password_stands_beside_its_field(browser, author):
    page = change(browser, current="something else")
    author.refresh_from_db()

    assert errors_beside(page, "current_password") == ["This is not your current password."]
    assert author.check_password(PASSWORD)


def test_wrong_current_passwords_are_counted(browser):
    for _ in range(system_settings.get("lockout_threshold")):
        change(browser, current="something else")

    assert change(browser).status_code == 429


@pytest.mark.parametrize(
    ("new", "words"),
    [(PASSWORD, "another password"), ("short", "at least 12"), ("author@clinic.test", "name and address")],
)
def test_a_password_that_will_not_do_is_refused_in_words(browser, new, words):
    assert words in " ".join(errors_beside(change(browser, new=new), "password"))


def test_somebody_without_a_password_is_told_so(author):
    author.set_unusable_password()
    author.save()
    browser = Client()
    browser.force_login(author)

    assert "There is no password here" in browser.get(reverse("security")).content.decode()
    assert browser.get(reverse("password-change"))["Location"] == reverse("security")


def test_no_password_stands_in_a_session_or_the_log(browser, caplog):
    with caplog.at_level(logging.DEBUG):
        change(browser, current="something else entirely")
        change(browser)

    for secret in (PASSWORD, NEW_PASSWORD, "something else entirely"):
        assert secret not in everything_in_sessions()
        assert secret not in caplog.text


# --- Where one is signed in --------------------------------------------------


def test_the_list_names_browsers_and_programs_and_marks_this_one(browser, elsewhere, program):
    page = browser.get(reverse("security")).content.decode()

    assert "Firefox on Windows" in page
    assert "ward-dashboard" in page
    assert "10.0.0.7" in page
    assert page.count("This browser") == 1


def test_another_sign_in_is_ended(browser, elsewhere, author):
    response = browser.post(reverse("sign-in-end", args=[newest(author).pk]))

    assert notices(browser.get(response["Location"])) == ["That sign-in is ended."]
    assert elsewhere.get("/app/").status_code == 302
    assert browser.get(reverse("security")).status_code == 200


def test_ending_this_one_is_signing_out(browser, author):
    assert browser.post(reverse("sign-in-end", args=[newest(author).pk]))["Location"] == "/app/login/"
    assert "_auth_user_id" not in browser.session


def test_a_strangers_sign_in_does_not_exist(browser, stranger):
    theirs = Client()
    sign_in(theirs, stranger.email)
    response = browser.post(reverse("sign-in-end", args=[newest(stranger).pk]))

    assert response.status_code == 404
    assert theirs.get("/app/").status_code == 200


def test_all_others_are_ended(browser, elsewhere, program, author):
    browser.post(reverse("sign-ins-end-others"))

    assert SignIn.objects.filter(user=author, ended_at=None).count() == 1
    assert browser.get(reverse("security")).status_code == 200


def test_signing_out_everywhere_ends_this_one_too(browser, elsewhere, program, author):
    page = browser.get(browser.post(reverse("sign-out-everywhere"))["Location"])

    assert notices(page) == ["You are signed out everywhere."]
    assert not SignIn.objects.filter(user=author, ended_at=None).exists()


def test_the_list_costs_the_same_for_many(
    browser, elsewhere, author, django_assert_max_num_queries, django_assert_num_queries
):
    with django_assert_max_num_queries(16) as few:
        browser.get(reverse("security"))
    count = len(few)
    for _ in range(5):
        sign_in(Client(), author.email)
    others = SignIn.objects.filter(user=author).exclude(pk=browser.session["sign_in"])
    others.update(last_seen_at=timezone.now() - timedelta(hours=1))
    with django_assert_num_queries(count):
        browser.get(reverse("security"))


@pytest.mark.parametrize("name", ["sign-ins-end-others", "sign-out-everywhere", "password-change"])
def test_the_forms_are_refused_without_their_token(author, name):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(author)

    assert strict.post(reverse(name)).status_code == 403


@pytest.mark.parametrize("name", ["sign-ins-end-others", "sign-out-everywhere"])
def test_looking_ends_nothing(browser, name):
    assert browser.get(reverse(name)).status_code == 405
