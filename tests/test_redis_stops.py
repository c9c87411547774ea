"""Redis is killed in the middle of a login storm: nobody is locked out, nobody revoked is let in."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median

import httpx
import pytest
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher
from django.utils import timezone

from tests.app_server import AppServer, Valkey
from voiceassist.accounts.models import EndReason, SignInFailure, User
from voiceassist.accounts.services import sign_ins

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, ROUNDS, PASSWORD = 10, 4, "correct horse battery"


@pytest.fixture
def people():
    hashed = BCryptSHA256PasswordHasher().encode(PASSWORD, BCryptSHA256PasswordHasher().salt())
    now = timezone.now()
    rows = [
        User(email=f"p{n}@clinic.test", password=hashed, role="clinician", email_verified_at=now)
        for n in range(PEOPLE + 2)
    ]
    return User.objects.bulk_create(rows)


def log_in(client, user, address="10.1.1.1", password=PASSWORD):
    body = {"email": user.email, "password": password}
    return client.post("auth/login", json=body, headers={"X-Forwarded-For": address})


def bearer(answer):
    return {"Authorization": f"Bearer {answer.json()['data']['access']}"}


@dataclass
class Storm:
    """People who log in all at once, from an address each; counts who is let in."""

    client: httpx.Client
    half: int
    halfway: threading.Event = field(default_factory=threading.Event)
    finished: int = 0
    waits: dict[bool, list[float]] = field(default_factory=lambda: {False: [], True: []})
    lock: threading.Lock = field(default_factory=threading.Lock)

    def one(self, user, number):
        began = time.monotonic()
        after = self.halfway.is_set()
        answer = log_in(self.client, user, f"10.2.{number}.{int(user.email[1:].partition('@')[0]) + 1}")
        opened = answer.status_code == 200 and self.client.get("auth/me", headers=bearer(answer)).status_code
        with self.lock:
            self.waits[after].append(time.monotonic() - began)
            self.finished += 1
            if self.finished >= self.half:
                self.halfway.set()
        return answer.status_code, opened


def test_nobody_is_locked_out_and_nobody_revoked_is_let_in(people, record_property):
    revoked, signed_out, *others = people
    valkey = Valkey()
    with valkey, AppServer(REDIS_URL=valkey.url, TRUSTED_PROXIES="127.0.0.1") as server, server.client() as client:
        tokens = [bearer(log_in(client, user)) for user in (revoked, signed_out)]
        sign_ins.end_all(user=revoked, reason=EndReason.EVERYWHERE, now=timezone.now())
        assert client.post("auth/logout", headers=tokens[1]).status_code == 204

        storm = Storm(client, half=len(others) * ROUNDS // 2)
        with ThreadPoolExecutor(6) as pool:
            running = [pool.submit(storm.one, user, number) for number in range(ROUNDS) for user in others]
            assert storm.halfway.wait(120)
            valkey.kill()
            outcomes = [done.result() for done in running]

        assert outcomes == [(200, 200)] * len(running)
        assert not SignInFailure.objects.exists()
        assert [client.get("auth/me", headers=headers).status_code for headers in tokens] == [401, 401]
        refused = [log_in(client, others[0], password="wrong horse battery").status_code for _ in range(6)]
        assert refused == [401] * 5 + [429]
        ready = client.get(f"{server.url}/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert "voiceassist_cache_unavailable_total" in client.get(f"{server.url}/metrics").text

    before, after = storm.waits[False], storm.waits[True]
    record_property("log_ins", len(outcomes))
    record_property("begun_after_the_stop", len(after))
    record_property("time_after_to_before", round(median(after) / median(before), 2))
