"""The cast of the tests: author, colleague, stranger, curator; and a library with a few documents in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import current_app
from django.db import connections
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from voiceassist.accounts.client import Client as SignInClient
from voiceassist.accounts.models import Role, User
from voiceassist.accounts.services.sign_ins import begin_with_tokens
from voiceassist.core.cache import ForgivingRedisCache
from voiceassist.core.shared_value import SharedValue


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name long values by their argument: one made at collection, a key or an archive, differs in every process."""
    return argname if isinstance(val, bytes | str) and len(val) > 30 else None


@pytest.fixture(autouse=True)
def _tasks_run_at_once() -> Iterator[None]:
    """Run background tasks in the test's own process, once their transaction commits."""
    current_app.loader.import_default_modules()
    current_app.conf.task_always_eager = True
    current_app.conf.task_eager_propagates = True
    yield
    current_app.conf.task_always_eager = False


@pytest.fixture(autouse=True)
def _settings_of_an_earlier_test_are_forgotten() -> None:
    """The cache outlives the rows that it was filled from."""
    for shared in SharedValue.known:
        shared.forget()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Hash with few rounds; `accounts.tests.test_timing` uses the real ones."""
    settings.PASSWORD_HASHERS = ["voiceassist.accounts.tests.hashers.QuickBCrypt", *settings.PASSWORD_HASHERS]


@pytest.fixture(autouse=True)
def _many_requests_from_one_address(settings: Settings) -> None:
    """Let tests, which all come from one address, ask as often as they like; those of the limits set their own."""
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "100000/s")


@pytest.fixture(autouse=True)
def _redis_is_asked_again() -> None:
    """Forget that a test before had no Redis: for a second nobody would ask it."""
    ForgivingRedisCache.asked_again_at = 0.0


@pytest.fixture(autouse=True)
def _own_files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


def _user(name: str, role: str) -> User:
    return User.objects.create_user(email=f"{name}@clinic.test", password="correct horse battery", role=role, name=name)


@pytest.fixture
def author(db: None) -> User:
    return _user("author", Role.CLINICIAN)


@pytest.fixture
def colleague(db: None) -> User:
    return _user("colleague", Role.CLINICIAN)


@pytest.fixture
def stranger(db: None) -> User:
    return _user("stranger", Role.CLINICIAN)


@pytest.fixture
def curator(db: None) -> User:
    return _user("curator", Role.CURATOR)


@pytest.fixture
def auditor(db: None) -> User:
    return _user("auditor", Role.AUDITOR)


@pytest.fixture
def administrator(db: None) -> User:
    return _user("administrator", Role.ADMINISTRATOR)


@pytest.fixture
def newcomer(db: None) -> User:
    """A user who has no role yet."""
    return _user("newcomer", "")


class ApiClient(APIClient):
    """Sends JSON with the tokens of a user, and returns answers whose `json()` is the envelope."""

    default_format = "json"

    def __init__(self, user: User | None) -> None:
        super().__init__()
        if user is not None:
            here = SignInClient(address="127.0.0.1", agent="tests")
            pair = begin_with_tokens(user=user, client=here, second_factor=True, now=timezone.now())
            self.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access}")


@pytest.fixture
def api() -> type[ApiClient]:
    """Give a client of the API: `api(author).get("/api/v1/users/me")`; `api(None)` is nobody's."""
    return ApiClient


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Let go of the pool's connections at the end, or the test database cannot be dropped."""
    yield
    connections["default"].close_pool()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def evaluation_data() -> Path:
    """The folder of the evaluation data sets, from VOICEASSIST_EVAL_DATA or beside the repository."""
    default = Path(__file__).resolve().parent.parent / "shared" / "data"
    folder = Path(os.environ.get("VOICEASSIST_EVAL_DATA", default))
    if not folder.is_dir():
        pytest.skip("the evaluation data is not here; set VOICEASSIST_EVAL_DATA to its folder")
    return folder
