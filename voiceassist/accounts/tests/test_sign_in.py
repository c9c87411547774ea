import pytest
from django.urls import reverse

from voiceassist.accounts.models import User

PASSWORD = "a-long-enough-word"


@pytest.fixture
def clinician(db) -> User:
    return User.objects.create_user(email="ana@clinic.test", password=PASSWORD, role="clinician")


def sign_in(client, *, email="ana@clinic.test", password=PASSWORD, **more):
    return client.post(reverse("login"), {"username": email, "password": password, **more})


def test_the_right_password_signs_in(client, clinician):
    response = sign_in(client)

    assert (response.status_code, response["Location"]) == (302, "/app/")
    assert client.session["_auth_user_id"] == str(clinician.pk)


def test_the_case_of_the_address_does_not_matter(client, clinician):
    assert sign_in(client, email="Ana@Clinic.test").status_code == 302


def test_signing_in_leads_on_to_where_one_was_going(client, clinician):
    assert sign_in(client, next="/app/?new=1")["Location"] == "/app/?new=1"


def test_signing_in_never_leads_to_another_site(client, clinician):
    assert sign_in(client, next="https://evil.example/")["Location"] == "/app/"


@pytest.mark.parametrize("wrong", [{"password": "another-long-word"}, {"email": "nobody@clinic.test"}])
def test_wrong_address_and_wrong_password_look_the_same(client, clinician, wrong):
    response = sign_in(client, **wrong)

    assert "do not belong together" in response.content.decode()
    assert "Error: Sign in" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_an_empty_form_names_each_field_beside_it_and_in_the_summary(client, db):
    page = client.post(reverse("login"), {}).content.decode()

    assert page.count("Enter your e-mail address.") == 2
    assert 'href="#id_username"' in page
    assert 'aria-invalid="true"' in page


def test_the_form_has_labels_and_begins_at_the_address(client, db):
    page = client.get(reverse("login")).content.decode()

    assert '<label for="id_username">E-mail address</label>' in page
    assert "autofocus" in page
    assert 'autocomplete="current-password"' in page


def test_a_page_that_needs_sign_in_sends_there_and_remembers_the_way(client, db):
    assert client.get("/app/")["Location"] == "/app/login/?next=/app/"


def test_signing_out_is_a_post_that_ends_the_session(client, clinician):
    client.force_login(clinician)

    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout"))["Location"] == "/app/login/"
    assert "_auth_user_id" not in client.session


def test_an_inactive_user_stays_outside(client, clinician):
    User.objects.filter(pk=clinician.pk).update(is_active=False)

    assert sign_in(client).status_code == 200


def test_the_page_loads_no_inline_script_or_style(client, db):
    response = client.get(reverse("login"))

    assert b"<style" not in response.content
    assert b" style=" not in response.content
    assert "default-src 'self'" in response["Content-Security-Policy"]
