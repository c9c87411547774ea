"""Setting the second factor up, its recovery codes, and removing it."""

import base64
import re
import time

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from voiceassist.accounts.models import SignIn
from voiceassist.accounts.services import second_factor
from voiceassist.accounts.services.second_factor import _code_at
from voiceassist.accounts.tests.pages import PASSWORD, errors_beside, everything_in_sessions, heading, notices, sign_in
from voiceassist.core import system_settings

pytestmark = pytest.mark.django_db
SETUP, CODES, REMOVE = "second-factor-setup", "recovery-codes", "second-factor-remove"


def code_for(secret, after=0):
    return _code_at(secret, int(time.time()) // 30 + after)


@pytest.fixture
def browser(client, author):
    sign_in(client, author.email)
    return client


@pytest.fixture
def has_one(author):
    secret, here = second_factor.propose(author).secret, SignIn.objects.filter(user=author).first()
    return second_factor.set_up(user=author, secret=secret, code=code_for(secret, -1), keep=here, now=timezone.now())


def secret_on(page):
    return re.search(r'<code id="secret">(.*?)</code>', page.content.decode())[1].replace(" ", "")


def shown_codes(page):
    return re.findall(r'name="code" value="(\d+)"', page.content.decode())


def give(browser, code, password=PASSWORD):
    return browser.post(reverse(SETUP), {"current_password": password, "code": code})


def again(browser, name, password=PASSWORD):
    return browser.post(reverse(name), {"current_password": password})


def test_the_page_shows_a_secret_as_a_picture_and_as_text(browser):
    page = browser.get(reverse(SETUP))
    picture = re.search(r'src="data:image/svg\+xml;base64,(.*?)"', page.content.decode())[1]

    assert b"<path" in base64.b64decode(picture)
    assert len(secret_on(page)) == 32
    assert secret_on(browser.get(reverse(SETUP))) == secret_on(page)


def test_the_code_of_the_app_switches_it_on_and_shows_ten_recovery_codes(browser, author):
    secret = secret_on(browser.get(reverse(SETUP)))
    page = give(browser, code_for(secret))

    assert notices(page) == ["The second factor is set up."]
    assert len(shown_codes(page)) == 10
    assert second_factor.is_set_up(author)
    assert secret not in everything_in_sessions()
    assert SignIn.objects.get(user=author).second_factor


@pytest.mark.parametrize("password", ["", "something else"])
def test_whoever_finds_a_browser_open_cannot_add_an_app_without_the_password(browser, author, password):
    secret = secret_on(browser.get(reverse(SETUP)))
    page = give(browser, code_for(secret), password)

    assert errors_beside(page, "current_password")
    assert secret_on(page) == secret
    assert not second_factor.is_set_up(author)


def test_too_many_wrong_passwords_close_the_set_up_too(browser, author):
    secret = secret_on(browser.get(reverse(SETUP)))
    for _ in range(system_settings.get("lockout_threshold")):
        give(browser, code_for(secret), "something else")

    assert give(browser, code_for(secret)).status_code == 429
    assert not second_factor.is_set_up(author)


def test_somebody_without_a_password_sets_it_up_by_the_code_alone(author):
    author.set_unusable_password()
    author.save()
    browser = Client()
    browser.force_login(author)
    page = browser.get(reverse(SETUP))

    assert 'type="password"' not in page.content.decode()
    browser.post(reverse(SETUP), {"code": code_for(secret_on(page))})
    assert second_factor.is_set_up(author)


def test_a_wrong_code_stores_nothing_and_keeps_the_secret(browser, author):
    secret = secret_on(browser.get(reverse(SETUP)))
    page = give(browser, "000000")

    assert "not right" in errors_beside(page, "code")[0]
    assert secret_on(page) == secret
    assert not second_factor.is_set_up(author)


def test_a_code_without_the_page_before_is_refused(browser, author):
    """Anybody can work out the codes of a secret that is empty."""
    page = give(browser, code_for(""))

    assert "is a new one" in errors_beside(page, "code")[0]
    assert len(secret_on(page)) == 32
    assert not second_factor.is_set_up(author)


def test_recovery_codes_are_shown_once(browser, author):
    secret = secret_on(browser.get(reverse(SETUP)))
    codes = shown_codes(give(browser, code_for(secret)))

    assert give(browser, code_for(secret))["Location"] == reverse("security")
    assert not [code for code in codes if code in browser.get(reverse("security")).content.decode()]


def test_new_recovery_codes_ask_for_the_password_and_replace_the_old(browser, author, has_one):
    assert errors_beside(again(browser, CODES, "something else"), "current_password")
    codes = shown_codes(again(browser, CODES))

    assert len(codes) == 10
    assert not set(codes) & set(has_one)


def test_the_codes_of_the_page_are_saved_as_a_file(browser, has_one):
    response = browser.post(reverse("recovery-codes-save"), {"code": has_one})

    assert response["Content-Type"].startswith("text/plain")
    assert response["Content-Disposition"] == 'attachment; filename="voiceassist-recovery-codes.txt"'
    assert "no-store" in response["Cache-Control"]
    assert all(code in response.content.decode() for code in has_one)


@pytest.mark.parametrize("codes", [[], ["<script>"], ["1" * 17], ["12345678"] * 21])
def test_nothing_else_is_saved_as_a_file(browser, codes):
    assert browser.post(reverse("recovery-codes-save"), {"code": codes}).status_code == 400


def test_removing_asks_for_the_password(browser, author, has_one):
    assert errors_beside(again(browser, REMOVE, "something else"), "current_password")
    assert second_factor.is_set_up(author)

    page = browser.get(again(browser, REMOVE)["Location"])
    assert "is removed" in notices(page)[0]
    assert not second_factor.is_set_up(author)


@pytest.mark.parametrize("name", [CODES, REMOVE])
def test_there_is_nothing_to_change_without_one(browser, name):
    assert browser.get(reverse(name))["Location"] == reverse("security")


def test_somebody_without_a_password_gives_a_code_instead(author, has_one):
    author.set_unusable_password()
    author.save()
    browser = Client()
    browser.force_login(author)

    assert errors_beside(browser.post(reverse(REMOVE), {"code": "000000"}), "code")
    assert browser.post(reverse(REMOVE), {"code": has_one[0]}).status_code == 302
    assert not second_factor.is_set_up(author)


@pytest.mark.parametrize("name", [SETUP, CODES, REMOVE, "recovery-codes-save"])
def test_the_forms_are_refused_without_their_token(author, name):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(author)

    assert strict.post(reverse(name), {"current_password": PASSWORD}).status_code == 403


# --- A role that demands one -------------------------------------------------


@pytest.fixture
def demanded(db):
    system_settings.set_values({"second_factor_roles": ["clinician"]}, by_id=None)


@pytest.mark.parametrize("path", ["/app/", "/app/settings/profile/", "/app/settings/security/", "/console/"])
def test_every_page_leads_to_the_set_up(browser, demanded, path):
    assert browser.get(path)["Location"] == reverse(SETUP)


def test_the_api_says_that_one_is_missing(browser, demanded):
    response = browser.get("/api/v1/auth/me")

    assert (response.status_code, response.json()["error"]["code"]) == (403, "MFA_REQUIRED")


def test_a_fragment_leads_the_whole_page_there(browser, demanded):
    response = browser.get("/app/conversations/list/", headers={"hx-request": "true"})

    assert (response.status_code, response["HX-Redirect"]) == (401, reverse(SETUP))


def test_the_page_says_why_and_lets_one_sign_out(browser, demanded):
    page = browser.get(reverse(SETUP))

    assert "Your role needs one" in page.content.decode()
    assert 'aria-label="Settings"' not in page.content.decode()
    assert browser.post(reverse("logout"))["Location"] == "/app/login/"


def test_once_it_is_set_up_everything_opens(browser, demanded):
    page = give(browser, code_for(secret_on(browser.get(reverse(SETUP)))))

    assert heading(page) == "Keep your recovery codes"
    assert browser.get("/app/settings/profile/").status_code == 200


def test_removing_it_leads_back_to_the_set_up(author, demanded, has_one):
    browser = Client()
    sign_in(browser, author.email)
    browser.post(reverse("second-factor"), {"code": has_one[0]})
    again(browser, REMOVE)

    assert browser.get("/app/")["Location"] == reverse(SETUP)


def test_other_roles_are_left_alone(client, curator, demanded):
    sign_in(client, curator.email)

    assert client.get("/app/settings/profile/").status_code == 200
