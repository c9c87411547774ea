"""The console has no way in, and no way to a password, of its own."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import authenticate
from django.test import Client
from django.utils import timezone

from voiceassist.accounts.models import Role, SignIn, User
from voiceassist.accounts.tests.pages import NEW_PASSWORD, PASSWORD

LOGIN = "/console/login/"


def lead_to(response):
    """Return where a redirect leads, and where the browser goes from there."""
    assert response.status_code == 302
    parts = urlsplit(response["Location"])
    return parts.path, parse_qs(parts.query).get("next", [""])[0]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    ("wanted", "back"),
    [
        ("", "/console/"),
        ("/console/accounts/user/", "/console/accounts/user/"),
        ("https://elsewhere.test/console/", "/console/"),
        ("//elsewhere.test/", "/console/"),
        ("javascript:alert(1)", "/console/"),
    ],
)
def test_its_sign_in_leads_to_our_own_page(client, method, wanted, back):
    response = getattr(client, method)(LOGIN, {"next": wanted} if wanted else {})

    assert lead_to(response) == ("/app/login/", back)


def test_a_right_password_sent_there_signs_nobody_in(client, administrator):
    sent = {"username": administrator.email, "password": PASSWORD, "next": "/console/"}

    response = client.post(LOGIN, sent)

    assert lead_to(response)[0] == "/app/login/"
    assert "_auth_user_id" not in client.session


def test_whoever_has_signed_in_goes_on(client, administrator):
    client.force_login(administrator)

    assert client.get(LOGIN, {"next": "/console/accounts/user/"}, follow=True).redirect_chain[-1] == (
        "/console/accounts/user/",
        302,
    )


@pytest.mark.parametrize("role", ["", Role.CLINICIAN])
def test_whoever_has_no_work_here_is_told_so_and_not_sent_round(client, db, role):
    client.force_login(User.objects.create_user(email="x@clinic.test", password=None, role=role))

    response = client.get(LOGIN, follow=True)

    assert response.status_code == 403
    assert "does not include this" in response.content.decode()


@pytest.mark.parametrize("by", ["username", "email"])
def test_no_view_of_a_library_can_sign_anybody_in_by_password(administrator, by):
    assert authenticate(None, **{by: administrator.email}, password=PASSWORD) is None
    assert not Client().login(**{by: administrator.email}, password=PASSWORD)


@pytest.mark.parametrize("changes", [{"email_verified_at": None}, {"is_active": False}])
def test_who_may_not_sign_in_does_not_come_in_here_either(client, administrator, changes):
    User.objects.filter(pk=administrator.pk).update(**changes)

    client.post("/app/login/", {"username": administrator.email, "password": PASSWORD, "next": "/console/"})

    assert lead_to(client.get("/console/"))[0] == LOGIN


def test_our_own_page_leads_on_to_the_console(client, administrator):
    sent = {"username": administrator.email, "password": PASSWORD, "next": "/console/", "time_zone": ""}

    assert client.post("/app/login/", sent)["Location"] == "/console/"
    assert client.get("/console/").status_code == 200
    administrator.refresh_from_db()
    assert administrator.last_login <= timezone.now()


@pytest.mark.parametrize("path", ["/console/password_change/", "/console/password_change/done/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_password_is_changed_on_our_own_page_only(client, administrator, path, method):
    client.force_login(administrator)
    new = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}

    assert lead_to(getattr(client, method)(path, new))[0] == "/app/settings/security/password/"
    administrator.refresh_from_db()
    assert administrator.check_password(PASSWORD)


def test_its_button_to_sign_out_does_so(client, administrator):
    client.force_login(administrator)

    response = client.post("/console/logout/", follow=True)

    assert response.redirect_chain == [("/app/logout/", 307), ("/app/login/", 302)]
    assert "_auth_user_id" not in client.session
    assert SignIn.objects.get(user=administrator).ended_at is not None


def test_a_link_signs_nobody_out(client, administrator):
    client.force_login(administrator)

    assert client.get("/console/logout/", follow=True).status_code == 405
    assert "_auth_user_id" in client.session
