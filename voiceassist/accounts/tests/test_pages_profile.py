"""The page of one's own profile."""

import pytest
from django.test import Client
from django.urls import reverse

from voiceassist.accounts.models import User
from voiceassist.accounts.tests.pages import errors_beside, notices, summary

pytestmark = pytest.mark.django_db
GIVEN = {
    "name": "Ada Author",
    "professional_role": "Cardiologist",
    "department": "Ward 4",
    "employee_id": "E-1",
    "phone_number": "+49 30 1234567",
}


@pytest.fixture
def browser(client, author):
    client.force_login(author)
    return client


def save(browser, **changes):
    return browser.post(reverse("profile"), {**GIVEN, **changes})


def test_a_profile_is_saved_and_the_page_says_so(browser, author):
    page = browser.get(save(browser)["Location"])
    author.refresh_from_db()

    assert notices(page) == ["Your profile is saved."]
    assert {name: getattr(author, name) for name in GIVEN} == GIVEN
    assert all(f'value="{value}"' in page.content.decode() for value in GIVEN.values())


def test_a_wrong_number_stands_beside_its_field_and_changes_nothing(browser, author):
    page = save(browser, phone_number="call me")
    author.refresh_from_db()

    assert errors_beside(page, "phone_number") == summary(page)
    assert author.name == "author"


def test_an_employee_number_that_is_taken_is_told_and_the_page_keeps_the_old_name(browser, colleague):
    other = Client()
    other.force_login(colleague)
    save(other)
    page = save(browser)

    assert "Somebody else has this employee number" in errors_beside(page, "employee_id")[0]
    assert '<p class="who" title="author@clinic.test">author</p>' in page.content.decode()


def test_address_and_role_cannot_be_changed(browser, author):
    save(browser, email="boss@clinic.test", role="administrator", is_active="")
    author.refresh_from_db()

    assert (author.email, author.role) == ("author@clinic.test", "clinician")


def test_somebody_without_a_role_has_a_profile_too(client, newcomer):
    client.force_login(newcomer)

    assert "None yet. An administrator can grant one." in client.get(reverse("profile")).content.decode()


def test_the_settings_begin_with_the_profile(browser):
    assert browser.get(reverse("settings"))["Location"] == reverse("profile")


def test_what_a_user_wrote_is_shown_as_text(browser):
    page = browser.get(save(browser, name="<img src=x>")["Location"]).content.decode()

    assert "<img src=x>" not in page
    assert User.objects.get(email="author@clinic.test").name == "<img src=x>"


def test_the_form_is_refused_without_its_token(author):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(author)

    assert save(strict).status_code == 403
