from typing import get_args

import pytest
import structlog
from django.db import connection, transaction

from voiceassist.core import setting_history, system_settings
from voiceassist.core.errors import NotValid
from voiceassist.core.models import SettingArea, SettingChange, SystemSetting
from voiceassist.core.setting_kinds import Kind
from voiceassist.core.system_settings import REGISTRY, ListKey, NumberKey, SettingNotFound, TextKey, set_values
from voiceassist.core.tests.another_process import in_another_process


@pytest.fixture
def committed(transactional_db):
    """Real commits."""


def messages(values):
    with pytest.raises(NotValid) as refused:
        set_values(values, by_id=None)
    return refused.value.details


def test_every_default_is_valid_and_as_it_would_be_stored():
    assert all(setting.checked(setting.default) == setting.default for setting in REGISTRY.values())


def test_every_setting_says_what_it_is_for():
    assert all(setting.title and setting.help_text and setting.group for setting in REGISTRY.values())


def test_the_types_of_get_name_every_setting_once():
    kinds = {Kind.WHOLE_NUMBER: NumberKey, Kind.CHOICE: TextKey, Kind.TEXT_LIST: ListKey}
    named = {(key, kind) for kind, keys in kinds.items() for key in get_args(keys)}

    assert named == {(setting.key, setting.kind) for setting in REGISTRY.values()}


def test_a_setting_that_nobody_set_has_its_default(db):
    assert system_settings.get("registration_mode") == "invitation"
    assert system_settings.get("idle_lock_minutes") == 15


def test_a_default_is_nobody_elses_to_change(db):
    system_settings.get("registration_domains").append("evil.example")

    assert system_settings.get("registration_domains") == []


def test_an_unknown_key_has_no_value(db):
    with pytest.raises(SettingNotFound):
        system_settings.get("no_such_thing")


def test_values_are_stored_in_one_form(db):
    set_values({"registration_domains": [" Clinic.Example ", "@klinik-süd.example.", "clinic.example"]}, by_id=None)

    assert system_settings.get("registration_domains") == ["clinic.example", "xn--klinik-sd-x9a.example"]


def test_what_is_not_valid_is_named_by_key_and_nothing_changes(db):
    found = messages({"lockout_threshold": 6, "idle_lock_minutes": 0, "registration_mode": "anyone", "colour": "red"})

    assert found == {
        "idle_lock_minutes": ["Give a whole number from 1 to 240."],
        "registration_mode": ["Choose one of: invitation, listed_domains, open."],
        "colour": ["There is no such setting."],
    }
    assert not SystemSetting.objects.exists()
    assert not SettingChange.objects.exists()


@pytest.mark.parametrize("value", [True, "15", 15.0, 241, -1, [15]])
def test_a_whole_number_is_nothing_else(db, value):
    assert list(messages({"idle_lock_minutes": value})) == ["idle_lock_minutes"]


@pytest.mark.parametrize("value", ["clinic.example", ["no domain"], ["localhost"], [7], ["-a.example"], ["1.2.3.4"]])
def test_a_list_of_domains_holds_domains(db, value):
    assert list(messages({"registration_domains": value})) == ["registration_domains"]


def test_a_list_of_roles_holds_roles(db):
    assert "clinician" in messages({"second_factor_roles": ["clinician", "king"]})["second_factor_roles"][0]


def test_every_change_says_who_what_and_from_what(author):
    set_values({"idle_lock_minutes": 10}, by_id=author.pk)
    set_values({"idle_lock_minutes": 5, "lockout_minutes": 15}, by_id=author.pk)

    changes = setting_history.changes(area=SettingArea.SETTING, key="idle_lock_minutes")
    assert [(change.before, change.after, change.by_id) for change in changes] == [
        (10, 5, author.pk),
        (15, 10, author.pk),
    ]


def test_setting_what_is_set_already_is_no_change(db):
    assert set_values({"lockout_minutes": 15}, by_id=None) == []
    assert not SettingChange.objects.exists()


def test_null_puts_a_setting_back_to_its_default(db):
    set_values({"lockout_minutes": 3}, by_id=None)

    assert set_values({"lockout_minutes": None}, by_id=None) == ["lockout_minutes"]
    assert system_settings.get("lockout_minutes") == 15
    assert not SystemSetting.objects.exists()
    assert SettingChange.objects.first().after == 15


def test_a_stored_value_that_is_no_longer_valid_gives_the_default_and_is_logged(db):
    SystemSetting.objects.create(key="idle_lock_minutes", value=100_000)
    SystemSetting.objects.create(key="a_setting_of_old", value=1)

    with structlog.testing.capture_logs() as lines:
        assert system_settings.get("idle_lock_minutes") == 15
    assert {line["key"] for line in lines if line["event"] == "system_setting_not_valid"} == {
        "idle_lock_minutes",
        "a_setting_of_old",
    }


def test_states_come_with_one_query(db, django_assert_num_queries):
    set_values({"idle_lock_minutes": 5}, by_id=None)

    with django_assert_num_queries(1):
        states = {state.setting.key: state for state in system_settings.states()}
    assert (states["idle_lock_minutes"].value, states["idle_lock_minutes"].is_set) == (5, True)
    assert (states["lockout_minutes"].value, states["lockout_minutes"].is_set) == (15, False)


def test_a_transaction_sees_its_own_change_and_keeps_it_from_the_others(committed):
    with transaction.atomic():
        set_values({"idle_lock_minutes": 5}, by_id=None)
        assert system_settings.get("idle_lock_minutes") == 5
        assert in_another_process(lambda: system_settings.get("idle_lock_minutes")) == 15
        transaction.set_rollback(True)

    assert system_settings.get("idle_lock_minutes") == 15
    assert not SettingChange.objects.exists()


def test_after_commit_another_process_sees_the_new_value_at_once(committed):
    assert in_another_process(lambda: system_settings.get("idle_lock_minutes")) == 15

    set_values({"idle_lock_minutes": 5}, by_id=None)

    assert in_another_process(lambda: system_settings.get("idle_lock_minutes")) == 5


def test_a_value_that_is_kept_costs_no_query(committed, django_assert_num_queries):
    set_values({"idle_lock_minutes": 5}, by_id=None)
    system_settings.get("idle_lock_minutes")

    with django_assert_num_queries(0):
        assert system_settings.get("idle_lock_minutes") == 5
        assert system_settings.get("lockout_minutes") == 15


def test_a_reader_who_read_just_before_the_commit_keeps_nothing_stale(committed, monkeypatch):
    shared = system_settings._stored
    honest = shared.load

    def load_and_be_overtaken():
        old = honest()
        in_another_process(lambda: set_values({"idle_lock_minutes": 5}, by_id=None))
        return old

    monkeypatch.setattr(shared, "load", load_and_be_overtaken)
    assert system_settings.get("idle_lock_minutes") == 15  # read before the commit: true at that moment
    monkeypatch.setattr(shared, "load", honest)

    assert system_settings.get("idle_lock_minutes") == 5


def test_a_writer_killed_after_its_commit_leaves_nothing_stale(committed, monkeypatch):
    assert system_settings.get("idle_lock_minutes") == 15
    monkeypatch.setattr(system_settings._stored, "_changed", lambda: None)

    set_values({"idle_lock_minutes": 5}, by_id=None)

    assert system_settings.get("idle_lock_minutes") == 5


def test_without_the_cache_postgresql_is_asked(committed, settings):
    set_values({"idle_lock_minutes": 5}, by_id=None)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}

    assert system_settings.get("idle_lock_minutes") == 5
    set_values({"idle_lock_minutes": 6}, by_id=None)
    assert system_settings.get("idle_lock_minutes") == 6


def test_two_changes_at_once_leave_a_true_history(committed):
    def change(value):
        return lambda: set_values({"idle_lock_minutes": value}, by_id=None)

    with transaction.atomic():
        set_values({"idle_lock_minutes": 5}, by_id=None)
        other = in_another_process(change(6), wait=False)
        with connection.cursor() as cursor:
            wait_until_someone_waits(cursor)
    other.result(timeout=10)

    assert list(SettingChange.objects.order_by("id").values_list("before", "after")) == [(15, 5), (5, 6)]


def wait_until_someone_waits(cursor):
    """Return once another connection stands before a lock: PostgreSQL itself says so."""
    for _ in range(500):
        cursor.execute(
            "select count(*), pg_sleep(0.01) from pg_locks"
            " where not granted and database = (select oid from pg_database where datname = current_database())"
        )
        if cursor.fetchone()[0]:
            return
    pytest.fail("nobody waited")
