import pytest
from django.db import OperationalError

from voiceassist.core import system_settings
from voiceassist.core.rate_limits import SET_BY_ADMINISTRATORS, rate_of
from voiceassist.core.system_settings import set_values


def test_the_four_limits_of_a_user_are_what_administrators_set(db):
    set_values({"chat_per_minute": 7, "upload_per_minute": 3}, by_id=None)

    assert {scope: rate_of(scope) for scope in SET_BY_ADMINISTRATORS} == {
        "chat": (7, 60),
        "search": (60, 60),
        "upload": (3, 60),
        "voice": (60, 60),
    }


def test_other_limits_are_the_operators(settings):
    settings.RATE_LIMITS = {"login": "3/h"}

    assert rate_of("login") == (3, 3600)


def test_a_scope_without_a_limit_is_a_mistake(db):
    with pytest.raises(KeyError):
        rate_of("nothing")


def test_while_the_database_is_down_the_default_counts(monkeypatch):
    def down(_key):
        raise OperationalError

    monkeypatch.setattr(system_settings, "get", down)

    assert rate_of("search") == (60, 60)
