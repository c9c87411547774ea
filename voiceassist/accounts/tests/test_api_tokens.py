"""Tokens: what they open, how they are renewed, and how they end."""

import uuid
from datetime import timedelta

import jwt
import pytest
import redis
import time_machine
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from voiceassist.accounts.models import EndReason, SignIn, User
from voiceassist.accounts.services import sign_ins
from voiceassist.accounts.tests.api import PASSWORD, Program, code_of
from voiceassist.accounts.tokens import Token, TokenRevoked, TokenUse
from voiceassist.core import system_settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(author):
    program = Program(**{"user-agent": "ward-client/2.1"})
    program.log_in(author.email)
    return program


def test_a_log_in_gives_tokens_that_open_the_account(program, author):
    response = program.get("auth/me")

    assert response.json()["data"]["email"] == author.email
    assert program.tokens["token_type"] == "Bearer"
    assert program.tokens["expires_in"] == 15 * 60


def test_an_access_token_is_hs256_and_lives_fifteen_minutes(program, author):
    head = jwt.get_unverified_header(program.tokens["access"])
    claims = jwt.decode(program.tokens["access"], settings.JWT_SECRET_KEY, ["HS256"], issuer="voiceassist")

    assert head["alg"] == "HS256"
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert claims["sub"] == str(author.pk)
    assert set(claims) == {"iss", "use", "jti", "sub", "sid", "iat", "exp"}


def test_an_expired_token_says_so_and_a_refresh_token_helps(program):
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert code_of(program.get("auth/me")) == (401, "TOKEN_EXPIRED")
        assert program.refresh().status_code == 200
        assert program.get("auth/me").status_code == 200


def test_a_refresh_token_lives_seven_days_from_its_last_use(program):
    with time_machine.travel(timezone.now() + timedelta(days=6)) as clock:
        assert program.refresh().status_code == 200
        clock.shift(timedelta(days=6))
        assert program.refresh().status_code == 200
        clock.shift(timedelta(days=7, seconds=1))
        assert code_of(program.refresh()) == (401, "TOKEN_EXPIRED")


def test_a_refresh_token_counts_once_and_its_reuse_ends_the_family(program):
    stolen = program.tokens["refresh"]
    program.refresh()

    assert code_of(Program().refresh(stolen)) == (401, "TOKEN_REVOKED")
    assert code_of(program.refresh()) == (401, "TOKEN_REVOKED")
    assert code_of(program.get("auth/me")) == (401, "TOKEN_REVOKED")
    assert SignIn.objects.get().end_reason == EndReason.REUSED


def test_a_reuse_ends_no_other_family(program, author):
    other = Program()
    other.log_in(author.email)
    stolen = program.tokens["refresh"]
    program.refresh()
    Program().refresh(stolen)

    assert other.get("auth/me").status_code == 200


def test_logging_out_ends_access_and_refresh_token_at_once(program):
    assert program.post("auth/logout").status_code == 204
    assert code_of(program.get("auth/me")) == (401, "TOKEN_REVOKED")
    assert code_of(program.refresh()) == (401, "TOKEN_REVOKED")


def test_the_id_of_a_token_stays_on_the_list_no_longer_than_the_token_lives(program):
    token = Token(**vars_of(program.tokens["access"]))
    program.post("auth/logout")
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        left = client.ttl(caches["default"].make_key(f"revoked:{token.id}"))

    assert 0 < left <= 15 * 60


def vars_of(text):
    claims = jwt.decode(text, settings.JWT_SECRET_KEY, ["HS256"], issuer="voiceassist")
    return {
        "use": TokenUse(claims["use"]),
        "id": uuid.UUID(claims["jti"]),
        "user_id": uuid.UUID(claims["sub"]),
        "family": uuid.UUID(claims["sid"]),
        "issued_at": claims["iat"],
        "expires_at": claims["exp"],
    }


def test_logging_out_everywhere_ends_every_token_and_every_browser(program, author, client):
    other = Program()
    other.log_in(author.email)
    client.force_login(author)
    assert program.post("auth/logout-all").status_code == 204

    assert code_of(other.get("auth/me")) == (401, "TOKEN_REVOKED")
    assert code_of(other.refresh()) == (401, "TOKEN_REVOKED")
    assert client.get("/api/v1/auth/me").status_code == 401
    assert Program().log_in(author.email).status_code == 200


def test_a_new_log_in_in_the_same_second_is_not_void(program, author):
    with time_machine.travel(timezone.now(), tick=False):
        sign_ins.end_all(user=author, reason=EndReason.EVERYWHERE, now=timezone.now())
        again = Program()
        again.log_in(author.email)

        assert again.get("auth/me").status_code == 200


def test_a_password_changed_by_whatever_way_voids_every_token(program, author, client):
    client.force_login(author)
    author.set_password("another horse battery")
    author.save()

    assert code_of(program.get("auth/me")) == (401, "TOKEN_REVOKED")
    assert code_of(program.refresh()) == (401, "TOKEN_REVOKED")
    assert client.get("/api/v1/auth/me").status_code == 401


def test_a_changed_password_ends_other_sign_ins_and_renews_this_one(program, author):
    other = Program()
    other.log_in(author.email)
    body = {"current_password": PASSWORD, "new_password": "seven green bicycles"}
    response = program.post("auth/password/change", body)

    assert response.status_code == 200
    assert code_of(other.get("auth/me")) == (401, "TOKEN_REVOKED")
    assert code_of(program.get("auth/me")) == (401, "TOKEN_REVOKED")
    program.tokens = response.json()["data"]
    assert program.get("auth/me").status_code == 200
    assert program.refresh().status_code == 200


def test_a_family_that_ended_while_it_was_renewed_stays_ended(program, author):
    sign_in = SignIn.objects.get()
    sign_ins.end(sign_in=sign_in, reason=EndReason.REVOKED, now=timezone.now())

    with pytest.raises(TokenRevoked):
        sign_ins.renew(sign_in=sign_in, user=author, now=timezone.now())
    assert SignIn.objects.get().ended_at is not None


def test_a_role_that_demands_a_second_factor_demands_it_of_tokens_that_are_there_already(program):
    system_settings.set_values({"second_factor_roles": ["clinician"]}, by_id=None)

    assert code_of(program.get("auth/me")) == (403, "MFA_REQUIRED")
    assert code_of(program.refresh()) == (403, "MFA_REQUIRED")


def test_a_deactivated_user_has_no_good_token(program, author):
    User.objects.filter(pk=author.pk).update(is_active=False)

    assert code_of(program.get("auth/me")) == (401, "TOKEN_REVOKED")
    assert code_of(program.refresh()) == (401, "TOKEN_REVOKED")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x.y.z", "Bearer a b", "Bearer \u20ac"])
def test_what_is_no_token_is_refused(client, header):
    response = client.get("/api/v1/auth/me", headers={"authorization": header.encode().decode("latin1")})

    assert code_of(response) == (401, "UNAUTHORIZED")
    assert response["WWW-Authenticate"].startswith("Bearer")


def forged(claims, **changes):
    body = {**jwt.decode(claims, options={"verify_signature": False}), **changes.pop("body", {})}
    return jwt.encode(body, **{"key": settings.JWT_SECRET_KEY, "algorithm": "HS256", **changes})


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    "changes",
    [
        {"key": "another-key-of-enough-length-for-the-algorithm"},
        {"key": None, "algorithm": "none"},
        {"algorithm": "HS512"},
        {"body": {"use": "refresh"}},
        {"body": {"use": "mfa"}},
        {"body": {"iss": "somebody"}},
        {"body": {"sub": "me"}},
        {"body": {"jti": 7}},
        {"body": {"sid": None}},
    ],
)
def test_a_forged_token_is_refused(program, changes):
    token = forged(program.tokens["access"], **changes)

    assert code_of(program.get("auth/me", token=token)) == (401, "UNAUTHORIZED")


def test_a_token_of_one_user_with_the_sign_in_of_another_is_refused(program, stranger):
    token = forged(program.tokens["access"], body={"sub": str(stranger.pk)})

    assert code_of(program.get("auth/me", token=token)) == (401, "TOKEN_REVOKED")


def test_a_refresh_token_opens_nothing_and_an_access_token_refreshes_nothing(program):
    assert code_of(program.get("auth/me", token=program.tokens["refresh"])) == (401, "UNAUTHORIZED")
    assert code_of(program.refresh(program.tokens["access"])) == (401, "UNAUTHORIZED")


def test_sign_ins_are_listed_and_each_can_be_ended(program, author):
    other = Program(**{"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Safari/537"})
    other.log_in(author.email)
    listed = program.get("auth/sessions").json()
    by_name = {row["name"]: row for row in listed["data"]}

    assert listed["metadata"]["pagination"] == {"limit": 50, "offset": 0, "total": 2}
    assert by_name["ward-client"]["is_current"]
    assert not by_name["Chrome on Linux"]["is_current"]
    assert program.delete(f"auth/sessions/{by_name['Chrome on Linux']['id']}").status_code == 204
    assert code_of(other.get("auth/me")) == (401, "TOKEN_REVOKED")
    assert program.get("auth/me").status_code == 200


def test_ending_the_others_keeps_this_one(program, author, client):
    client.force_login(author)
    assert program.delete("auth/sessions").status_code == 204

    assert client.get("/api/v1/auth/me").status_code == 401
    assert program.get("auth/me").status_code == 200
    assert program.refresh().status_code == 200


def test_a_strangers_sign_in_and_a_missing_one_look_the_same(program, stranger):
    theirs = Program()
    theirs.log_in(stranger.email)
    for sign_in_id in (theirs.tokens["session_id"], uuid.uuid4()):
        assert code_of(program.get(f"auth/sessions/{sign_in_id}")) == (404, "NOT_FOUND")
        assert code_of(program.delete(f"auth/sessions/{sign_in_id}")) == (404, "NOT_FOUND")
    assert theirs.get("auth/me").status_code == 200


def test_the_list_of_sign_ins_takes_as_many_queries_for_many_as_for_one(program, author):
    def queries():
        with CaptureQueriesContext(connection) as taken:
            assert program.get("auth/sessions").status_code == 200
        return len(taken)

    few = queries()
    for _ in range(8):
        Program().log_in(author.email)

    assert queries() == few


def test_a_browser_session_needs_a_csrf_token_to_write(author):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(author)
    response = browser.post("/api/v1/auth/logout")

    assert code_of(response) == (403, "FORBIDDEN")
    assert "CSRF" in response.json()["error"]["message"]
    assert browser.get("/api/v1/auth/me").status_code == 200
