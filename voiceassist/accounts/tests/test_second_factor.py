"""The second factor: codes of an app (RFC 6238) and recovery codes, each good once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.db import connection
from django.utils import timezone

from voiceassist.accounts.models import EndReason, SignIn
from voiceassist.accounts.services import second_factor, sign_ins
from voiceassist.accounts.services.lockout import TooManyFailures
from voiceassist.accounts.services.second_factor import AlreadySetUp, NotProposed, NotSetUp, WrongCode
from voiceassist.accounts.tests.api import Program, code_of
from voiceassist.core import system_settings

pytestmark = pytest.mark.django_db
SECRET = generate_totp_secret()


def code_at(moment, secret=SECRET):
    return format_hotp_value(hotp_value(secret, int(moment.timestamp()) // 30))


@pytest.fixture
def earlier():
    return timezone.now() - timedelta(minutes=10)


@pytest.fixture
def codes(author, earlier):
    return second_factor.set_up(user=author, secret=SECRET, code=code_at(earlier), keep=None, now=earlier)


def ask(email):
    response = Program().log_in(email)
    assert code_of(response) == (401, "MFA_REQUIRED")
    return response.json()["error"]["details"]


def test_a_log_in_asks_for_a_code_and_gives_tokens_for_it(author, codes):
    pending = ask(author.email)
    body = {"mfa_token": pending["mfa_token"], "code": code_at(timezone.now())}
    program = Program()
    response = program.post("auth/mfa", body)
    program.tokens = response.json()["data"]

    assert pending["expires_in"] == 300
    assert response.status_code == 200
    assert program.get("auth/me").json()["data"]["email"] == author.email
    assert program.get("auth/sessions").json()["data"][0]["second_factor"]


def test_the_token_between_opens_nothing_and_lasts_five_minutes(author, codes):
    token = ask(author.email)["mfa_token"]
    assert code_of(Program().get("auth/me", token=token)) == (401, "UNAUTHORIZED")
    assert code_of(Program().refresh(token)) == (401, "UNAUTHORIZED")
    with time_machine.travel(timezone.now() + timedelta(minutes=5, seconds=1)):
        late = Program().post("auth/mfa", {"mfa_token": token, "code": code_at(timezone.now())})
    assert code_of(late) == (401, "TOKEN_EXPIRED")


def test_signing_out_everywhere_voids_a_log_in_that_waits_for_its_code(author, codes):
    token = ask(author.email)["mfa_token"]
    sign_ins.end_all(user=author, reason=EndReason.EVERYWHERE, now=timezone.now())

    late = Program().post("auth/mfa", {"mfa_token": token, "code": code_at(timezone.now())})
    assert code_of(late) == (401, "TOKEN_REVOKED")


@pytest.mark.parametrize("code", ["000000", "", "abc", "1" * 20, "٣٤٥٦٧٨"])
def test_a_wrong_code_is_refused(author, codes, code):
    with pytest.raises(WrongCode):
        second_factor.check_code(user=author, code=code, now=timezone.now())


def test_a_code_counts_once_and_earlier_ones_not_at_all(author, codes):
    now = timezone.now()
    second_factor.check_code(user=author, code=code_at(now), now=now)
    for moment in (now, now - timedelta(seconds=30)):
        with pytest.raises(WrongCode):
            second_factor.check_code(user=author, code=code_at(moment), now=now)
    second_factor.check_code(user=author, code=code_at(now + timedelta(seconds=30)), now=now)


def test_a_clock_may_be_off_by_one_step(author, codes):
    now = timezone.now()
    with pytest.raises(WrongCode):
        second_factor.check_code(user=author, code=code_at(now + timedelta(seconds=61)), now=now)
    second_factor.check_code(user=author, code=code_at(now - timedelta(seconds=30)), now=now)


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_uses_of_one_code_one_counts(author, codes):
    now = timezone.now()

    def use(_):
        try:
            second_factor.check_code(user=author, code=code_at(now), now=now)
        except (WrongCode, TooManyFailures):
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(use, range(6))) == 1


def test_each_recovery_code_counts_once_however_it_is_typed(author, codes):
    now = timezone.now()
    assert len(codes) == 10
    second_factor.check_code(user=author, code=f" {codes[3][:4]} {codes[3][4:]} ", now=now)
    with pytest.raises(WrongCode):
        second_factor.check_code(user=author, code=codes[3], now=now)
    assert second_factor.recovery_codes_left(author) == 9


def test_new_recovery_codes_replace_the_old(author, codes):
    fresh = second_factor.new_recovery_codes(author)

    assert not set(fresh) & set(codes)
    with pytest.raises(WrongCode):
        second_factor.check_code(user=author, code=codes[0], now=timezone.now())


def test_codes_cannot_be_guessed_for_long_and_the_password_stays_usable(author, codes):
    now = timezone.now()
    for _ in range(5):
        with pytest.raises(WrongCode):
            second_factor.check_code(user=author, code="000000", now=now)
    with pytest.raises(TooManyFailures):
        second_factor.check_code(user=author, code=code_at(now), now=now)
    ask(author.email)


def test_neither_secret_nor_codes_are_stored_in_the_clear(author, codes):
    stored = "".join(str(row.data) for row in Authenticator.objects.all())

    assert SECRET not in stored
    assert not any(code in stored for code in codes)


@pytest.mark.parametrize("secret", ["", "A" * 15, "a" * 16, "A" * 15 + "1", "A" * 16 + "\n"])
def test_a_secret_that_could_be_guessed_is_not_stored(author, earlier, secret):
    with pytest.raises(NotProposed):
        second_factor.set_up(user=author, secret=secret, code=code_at(earlier, "A" * 16), keep=None, now=earlier)
    assert not second_factor.is_set_up(author)


def test_setting_up_needs_a_code_of_the_app_and_happens_once(author, earlier):
    with pytest.raises(WrongCode):
        second_factor.set_up(user=author, secret=SECRET, code="000000", keep=None, now=earlier)
    assert not second_factor.is_set_up(author)
    second_factor.set_up(user=author, secret=SECRET, code=code_at(earlier), keep=None, now=earlier)
    with pytest.raises(AlreadySetUp):
        second_factor.set_up(user=author, secret=SECRET, code=code_at(timezone.now()), keep=None, now=timezone.now())


def test_setting_it_up_ends_every_sign_in_that_had_none(author, earlier):
    elsewhere, here = Program(), Program()
    elsewhere.log_in(author.email)
    here.log_in(author.email)
    keep = SignIn.objects.get(pk=here.tokens["session_id"])
    second_factor.set_up(user=author, secret=SECRET, code=code_at(earlier), keep=keep, now=earlier)

    assert code_of(elsewhere.get("auth/me")) == (401, "TOKEN_REVOKED")
    assert here.get("auth/me").status_code == 200


def test_removing_it_makes_the_password_enough(author, codes):
    second_factor.remove(user=author)

    assert Program().log_in(author.email).status_code == 200
    with pytest.raises(NotSetUp):
        second_factor.remove(user=author)


def test_a_role_may_demand_a_second_factor(author, curator, codes):
    system_settings.set_values({"second_factor_roles": ["curator"]}, by_id=None)
    refused = Program().log_in(curator.email)

    assert code_of(refused) == (401, "MFA_REQUIRED")
    assert refused.json()["error"]["details"] is None
    assert second_factor.must_set_up(curator)
    assert not second_factor.must_set_up(author)


def test_the_qr_code_holds_what_an_app_needs(author):
    setup = second_factor.propose(author)

    assert setup.url.startswith(f"otpauth://totp/{author.email.replace('@', '%40')}?secret={setup.secret}&issuer=")
    assert setup.svg.startswith("<?xml") or "<svg" in setup.svg
    assert second_factor.propose(author, secret=setup.secret) == setup
