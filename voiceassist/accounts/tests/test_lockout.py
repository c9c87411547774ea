"""Guessing passwords: slowed down for whoever guesses, and nobody learns who has an account."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from voiceassist.accounts.models import SignInFailure, User
from voiceassist.accounts.services import lockout
from voiceassist.accounts.tests.api import PASSWORD, Program, code_of
from voiceassist.core import rate_limits

pytestmark = pytest.mark.django_db
NOBODY = "nobody@clinic.test"


@pytest.fixture
def own_address():
    """An address that no other test comes from."""
    return f"2001:db8:{uuid.uuid4().int % 65000 + 16:x}:{uuid.uuid4().int % 65000 + 16:x}::1"


def fail(email, times=1):
    return [Program().log_in(email, "wrong horse battery") for _ in range(times)][-1]


@pytest.mark.parametrize("email", ["author@clinic.test", NOBODY])
def test_five_failures_lock_an_address_whether_or_not_it_has_an_account(author, email):
    assert code_of(fail(email, 5)) == (401, "INVALID_CREDENTIALS")
    locked = Program().log_in(email)

    assert code_of(locked) == (429, "RATE_LIMITED")
    assert 1 <= int(locked["Retry-After"]) <= 60


def test_known_and_unknown_addresses_get_the_same_answer_to_the_letter(author):
    def answer(email):
        body = fail(email).json()
        return body["error"]

    assert answer(author.email) == answer(NOBODY)


def test_the_right_password_does_not_open_a_locked_account_and_does_after_the_lock(author):
    fail(author.email, 5)
    assert code_of(Program().log_in(author.email)) == (429, "RATE_LIMITED")
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert Program().log_in(author.email).status_code == 200


def test_each_further_failure_locks_for_longer_up_to_the_longest_lock(author):
    now = timezone.now()
    waits = []
    for _ in range(12):
        lockout.note_failure(email=author.email, device="", now=now)
        until = SignInFailure.objects.get().locked_until
        waits.append((until - now).total_seconds() / 60 if until else 0)
        now = until or now

    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15, 15]


def test_the_right_password_makes_the_count_begin_anew(author):
    fail(author.email, 4)
    assert Program().log_in(author.email).status_code == 200
    assert code_of(fail(author.email, 4)) == (401, "INVALID_CREDENTIALS")
    assert Program().log_in(author.email).status_code == 200


def test_failures_of_yesterday_do_not_count(author):
    now = timezone.now()
    for _ in range(4):
        lockout.note_failure(email=author.email, device="", now=now - timedelta(hours=25))
    lockout.note_failure(email=author.email, device="", now=now)

    assert SignInFailure.objects.get().count == 1
    assert lockout.sweep(now=now + timedelta(hours=25)) == 1


def test_neither_the_address_nor_its_case_is_stored(author):
    fail("Author@Clinic.test", 2)
    fail(author.email, 3)

    row = SignInFailure.objects.get()
    assert row.count == 5
    assert "author" not in row.digest


def test_a_known_device_is_not_kept_out_by_somebody_who_guesses_elsewhere(author):
    fail(author.email, 8)

    lockout.check_not_locked(email=author.email, device="of the owner", now=timezone.now())
    with pytest.raises(lockout.TooManyFailures):
        lockout.check_not_locked(email=author.email, device="", now=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_guesses_no_more_are_judged_than_of_those_in_turn(author):
    def guess(_):
        try:
            return code_of(Program().log_in(author.email, "wrong horse battery"))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(guess, range(24)))

    assert outcomes == {(401, "INVALID_CREDENTIALS"): 5, (429, "RATE_LIMITED"): 19}
    assert SignInFailure.objects.get().count == 5


def test_the_right_password_among_them_comes_too_late(author):
    now = timezone.now()
    for _ in range(5):
        lockout.note_failure(email=author.email, device="", now=now)

    with pytest.raises(lockout.TooManyFailures):
        lockout.note_success(email=author.email, device="", now=now)
    assert SignInFailure.objects.get().count == 5


def test_a_program_that_logged_in_before_is_not_locked_out_by_others(author, stranger):
    token = Program().log_in(author.email).json()["data"]["device_token"]
    fail(author.email, 8)

    def log_in(email, **more):
        return Program().post("auth/login", {"email": email, "password": PASSWORD, **more}).status_code

    assert log_in(author.email) == 429
    assert log_in(author.email, device_token=token) == 200
    fail(stranger.email, 8)
    assert log_in(stranger.email, device_token=token) == 429
    assert log_in(stranger.email, device_token="made up") == 429


def test_reading_ones_mail_ends_the_lock_on_every_device(author):
    now = timezone.now()
    for device in ("", "phone"):
        for _ in range(5):
            lockout.note_failure(email=author.email, device=device, now=now)
    lockout.forget(email=author.email)

    assert not SignInFailure.objects.exists()


def test_one_subscriber_of_ipv6_counts_once(author, settings, own_address):
    settings.RATE_LIMITS, settings.TRUSTED_PROXIES = {"login": "1/day"}, ["127.0.0.1"]
    neighbours = [own_address, f"{own_address[:-1]}2", f"{own_address[:-1]}ffff:1"]
    answers = [Program(**{"x-forwarded-for": address}).log_in(author.email).status_code for address in neighbours]

    assert answers == [200, 429, 429]


def test_who_knows_the_password_is_told_what_is_missing(author):
    User.objects.filter(pk=author.pk).update(email_verified_at=None)
    assert code_of(Program().log_in(author.email)) == (403, "EMAIL_NOT_VERIFIED")
    assert code_of(fail(author.email)) == (401, "INVALID_CREDENTIALS")
    User.objects.filter(pk=author.pk).update(is_active=False)
    assert "switched off" in Program().log_in(author.email).json()["error"]["message"]
    assert "switched off" not in fail(author.email).json()["error"]["message"]


def test_ten_log_ins_a_minute_from_one_address_and_the_headers_say_so(author, settings, own_address):
    settings.RATE_LIMITS, settings.TRUSTED_PROXIES = {"login": "10/min"}, ["127.0.0.1"]
    with time_machine.travel(timezone.now().replace(second=1), tick=False):
        answers = [Program(**{"x-forwarded-for": own_address}).log_in(author.email) for _ in range(11)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert [answers[0][f"RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")] == ["10", "9", "59"]
    assert int(answers[-1]["Retry-After"]) == 59
    assert code_of(answers[-1]) == (429, "RATE_LIMITED")


def test_the_last_window_weighs_as_much_as_it_overlaps(settings, own_address):
    settings.RATE_LIMITS = {"login": "10/min"}
    subject = own_address
    start = timezone.now().replace(second=0, microsecond=0)
    with time_machine.travel(start + timedelta(seconds=59), tick=False):
        assert [rate_limits.count("login", subject).is_within for _ in range(10)] == [True] * 10
    with time_machine.travel(start + timedelta(seconds=90), tick=False):
        assert [rate_limits.count("login", subject).is_within for _ in range(6)] == [True] * 5 + [False]


def test_addresses_are_counted_apart_and_only_a_trusted_proxy_is_believed(author, settings, own_address):
    def log_in_twice():
        sent = [f"{own_address}, 10.9.8.7", f"2001:db8:1:{own_address[9:]}, 10.9.8.8"]
        return [Program(**{"x-forwarded-for": header}).log_in(author.email).status_code for header in sent]

    settings.RATE_LIMITS = {"login": "1/day"}
    log_in_twice()
    assert log_in_twice() == [429, 429]
    settings.TRUSTED_PROXIES = ["127.0.0.1", "10.9.8.0/24"]
    assert log_in_twice() == [200, 200]
    assert log_in_twice() == [429, 429]


def test_the_password_never_comes_back(author):
    assert PASSWORD not in Program().log_in(author.email).content.decode()
