"""The time a log-in takes does not tell whether an account exists."""

import time
from statistics import median

import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher
from django.test import Client
from django.utils import timezone

from voiceassist.accounts.models import User

SAMPLES = 50  # of each kind, taken in turn
TELLING = 1.25  # ratio of medians


class SlowerBCrypt(BCryptSHA256PasswordHasher):
    """Enough rounds that hashing is what takes the time, as it is with the real number."""

    algorithm = "bcrypt_slower"
    rounds = 9


def time_of(client, email, path, name):
    body = {name: email, "password": "wrong horse battery"}
    began = time.perf_counter()
    client.post(path, body, content_type="application/json") if path.startswith("/api") else client.post(path, body)
    return time.perf_counter() - began


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "name"), [("/api/v1/auth/login", "email"), ("/app/login/", "username")])
def test_known_and_unknown_addresses_take_the_same_time(settings, path, name, record_property):
    settings.PASSWORD_HASHERS = [f"{__name__}.SlowerBCrypt"]
    hashed = SlowerBCrypt().encode("correct horse battery", SlowerBCrypt().salt())
    now = timezone.now()
    User.objects.bulk_create(
        User(email=f"known{n}@clinic.test", password=hashed, role="clinician", email_verified_at=now)
        for n in range(SAMPLES)
    )
    client = Client()
    for warm_up in range(3):
        time_of(client, f"warm{warm_up}@clinic.test", path, name)
    known, unknown = [], []
    for n in range(SAMPLES):
        known.append(time_of(client, f"known{n}@clinic.test", path, name))
        unknown.append(time_of(client, f"other{n}@clinic.test", path, name))

    ratio = median(known) / median(unknown)
    record_property("known_to_unknown", round(ratio, 3))
    assert 1 / TELLING < ratio < TELLING
