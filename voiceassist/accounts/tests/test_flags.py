import uuid

import pytest

from voiceassist.accounts.models import FeatureFlag, Role, User
from voiceassist.accounts.services import flags
from voiceassist.core import setting_history
from voiceassist.core.errors import NotValid
from voiceassist.core.models import SettingArea, SettingChange
from voiceassist.core.tests.another_process import in_another_process


def flag(administrator, **values):
    return flags.create_flag(name="reader", values=values, by=administrator)


def some_user(role=Role.CLINICIAN):
    return User(pk=uuid.uuid4(), role=role)


def test_a_flag_that_nobody_made_is_off(author):
    assert not flags.is_on("reader", user=author)


def test_a_new_flag_is_off(administrator, author):
    flag(administrator)

    assert not flags.is_on("reader", user=author)


@pytest.mark.parametrize("everyone", [True, False])
def test_everyone_overrides_the_rest(administrator, author, everyone):
    flag(administrator, everyone=everyone, roles=["clinician"], percent=50)

    assert flags.is_on("reader", user=author) is everyone


def test_a_flag_is_on_for_its_roles(administrator, author, curator, newcomer):
    flag(administrator, roles=["curator", "auditor"])

    assert [flags.is_on("reader", user=user) for user in (author, curator, newcomer)] == [False, True, False]


def test_a_percentage_of_users_is_about_right_and_stays_the_same(administrator):
    flag(administrator, percent=25)
    users = [some_user() for _ in range(2_000)]

    first = [flags.is_on("reader", user=user) for user in users]
    again = [flags.is_on("reader", user=user) for user in users]

    assert first == again
    assert 400 < sum(first) < 600  # 500 are expected; this is five standard deviations to either side


def test_whoever_had_a_feature_keeps_it_when_the_percentage_grows(administrator):
    users = [some_user() for _ in range(300)]
    flag(administrator, percent=20)
    before = {user.pk for user in users if flags.is_on("reader", user=user)}

    flags.change_flag(name="reader", values={"percent": 60}, by=administrator)

    assert before < {user.pk for user in users if flags.is_on("reader", user=user)}


def test_two_flags_choose_different_users(administrator):
    users = [some_user() for _ in range(300)]
    for name in ("one", "two"):
        flags.create_flag(name=name, values={"percent": 50}, by=administrator)

    one, two = ([flags.is_on(name, user=user) for user in users] for name in ("one", "two"))

    assert one != two


def test_those_that_are_on_are_named_at_the_cost_of_one_query(administrator, author, django_assert_num_queries):
    for name in "abc":
        flags.create_flag(name=name, values={"everyone": name != "b"}, by=administrator)

    with django_assert_num_queries(1):
        assert flags.all_on(user=author) == ["a", "c"]


def test_every_change_is_recorded(administrator):
    flag(administrator, percent=10)
    flags.change_flag(name="reader", values={"roles": ["curator"]}, by=administrator)
    flags.change_flag(name="reader", values={"roles": ["curator"]}, by=administrator)  # no change
    flags.delete_flag(name="reader", by=administrator)

    changes = list(setting_history.changes(area=SettingArea.FLAG, key="reader"))
    made = {"everyone": None, "percent": 10.0, "roles": [], "note": ""}
    changed = made | {"roles": ["curator"]}
    assert [(change.before, change.after) for change in changes] == [(changed, None), (made, changed), (None, made)]
    assert {change.by_id for change in changes} == {administrator.pk}


def test_a_name_is_taken_once(administrator):
    flag(administrator)

    with pytest.raises(flags.FlagExists):
        flag(administrator)
    assert SettingChange.objects.count() == 1


@pytest.mark.parametrize("name", ["", "Reader", "1st", "a b", "é", "a" * 101])
def test_a_name_is_plain(administrator, name):
    with pytest.raises(NotValid) as refused:
        flags.create_flag(name=name, values={}, by=administrator)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("percent", 100),
        ("percent", -1),
        ("percent", 1.25),
        ("percent", "NaN"),
        ("percent", "half"),
        ("percent", True),
        ("everyone", "yes"),
        ("roles", ["king"]),
        ("roles", "curator"),
        ("note", "x" * 501),
        ("colour", "red"),
    ],
)
def test_what_is_not_valid_is_named_and_nothing_changes(administrator, field, value):
    flag(administrator)

    with pytest.raises(NotValid) as refused:
        flags.change_flag(name="reader", values={"percent": 5, field: value}, by=administrator)
    assert refused.value.field == field
    assert FeatureFlag.objects.get().percent is None


def test_after_commit_another_process_sees_the_change_at_once(transactional_db, administrator, author):
    def elsewhere():
        return in_another_process(lambda: flags.is_on("reader", user=author))

    assert not elsewhere()
    flag(administrator, everyone=True)
    assert elsewhere()
    flags.change_flag(name="reader", values={"everyone": False}, by=administrator)
    assert not elsewhere()
    flags.change_flag(name="reader", values={"everyone": True}, by=administrator)
    assert elsewhere()
    flags.delete_flag(name="reader", by=administrator)
    assert not elsewhere()
