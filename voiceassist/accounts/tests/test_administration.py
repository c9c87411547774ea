import uuid

import pytest
from django.db import transaction
from django.utils import timezone

from voiceassist.accounts.access import UserNotFound
from voiceassist.accounts.models import EndReason, Role, SignIn, User
from voiceassist.accounts.services.administration import LastAdministrator, OwnAccount, change_user
from voiceassist.core import system_settings
from voiceassist.core.errors import DomainError, Forbidden, NotValid
from voiceassist.core.tests.another_process import in_another_process, wait_until_someone_waits


def change(user, *, by, **values):
    return change_user(user_id=user.pk, by=by, now=timezone.now(), **values)


@pytest.fixture
def second(db):
    return User.objects.create_user(email="second@clinic.test", password="", role=Role.ADMINISTRATOR)


def test_the_roles_of_the_system_settings_are_the_roles():
    assert set(system_settings.ROLES) == set(Role.values)


def test_a_role_is_granted(administrator, newcomer):
    change(newcomer, by=administrator, role=Role.CLINICIAN)

    newcomer.refresh_from_db()
    assert newcomer.role == Role.CLINICIAN


@pytest.mark.parametrize("values", [{"role": Role.CURATOR}, {"role": ""}, {"is_active": False}])
def test_another_role_and_no_access_end_every_sign_in(api, administrator, author, values):
    client = api(author)
    assert client.get("/api/v1/users/me").status_code == 200

    change(author, by=administrator, **values)

    assert client.get("/api/v1/users/me").status_code == 401
    assert SignIn.objects.get(user=author).end_reason == EndReason.DEACTIVATED


def test_a_name_and_a_role_that_is_the_same_end_none(api, administrator, author):
    client = api(author)

    change(author, by=administrator, name="Dr Author", role=author.role, is_active=True)

    assert client.get("/api/v1/users/me").json()["data"]["name"] == "Dr Author"


@pytest.mark.parametrize("values", [{"role": Role.CURATOR}, {"role": ""}])
def test_the_last_administrator_stays_one(administrator, author, values):
    with pytest.raises(LastAdministrator):
        change(administrator, by=administrator, **values)
    administrator.refresh_from_db()
    assert administrator.role == Role.ADMINISTRATOR


def test_one_of_two_administrators_may_step_down(administrator, second):
    change(administrator, by=administrator, role=Role.CURATOR)

    with pytest.raises(LastAdministrator):
        change(second, by=second, role=Role.CURATOR)


def test_an_inactive_administrator_does_not_count(administrator, second):
    change(second, by=administrator, is_active=False)

    with pytest.raises(LastAdministrator):
        change(administrator, by=administrator, role=Role.CURATOR)


@pytest.mark.parametrize(("host", "counts"), [("127.0.0.1", True), ("0.0.0.0", False), ("", False)])
def test_the_demonstration_user_counts_only_where_it_can_be_used(administrator, second, settings, host, counts):
    settings.HOST = host
    User.objects.filter(pk=second.pk).update(is_demo=True)

    try:
        change(administrator, by=administrator, role=Role.CURATOR)
    except LastAdministrator:
        assert not counts
    else:
        assert counts


def test_nobody_switches_off_their_own_account(administrator, second):
    with pytest.raises(OwnAccount):
        change(administrator, by=administrator, is_active=False)


@pytest.mark.parametrize("role", ["clinician", "curator", "auditor", ""])
def test_only_administrators_change_people(administrator, author, newcomer, role):
    User.objects.filter(pk=author.pk).update(role=role)

    with pytest.raises(Forbidden):
        change(newcomer, by=author, role=Role.ADMINISTRATOR)


def test_an_unknown_role_and_an_unknown_user_are_refused(administrator, author):
    with pytest.raises(NotValid) as refused:
        change(author, by=administrator, role="king")
    assert refused.value.field == "role"
    with pytest.raises(UserNotFound):
        change(User(pk=uuid.uuid4()), by=administrator, role="")


def test_a_name_that_is_refused_takes_the_role_back_too(administrator, author):
    with pytest.raises(NotValid):
        change(author, by=administrator, role=Role.CURATOR, name="two\nlines")

    author.refresh_from_db()
    assert author.role == Role.CLINICIAN


@pytest.mark.parametrize("values", [{"role": Role.CLINICIAN}, {"is_active": False}])
def test_of_two_who_demote_each_other_one_remains(transactional_db, administrator, second, values):
    def demote(user, by):
        try:
            change(user, by=by, **values)
        except DomainError as error:
            return type(error)
        return None

    with transaction.atomic():
        first_outcome = demote(administrator, by=second)
        other = in_another_process(lambda: demote(second, by=administrator), wait=False)
        wait_until_someone_waits()
    assert (first_outcome, other.result(timeout=10)) == (None, Forbidden)
    assert User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).count() == 1


def test_two_who_step_down_at_once_do_not_both(transactional_db, administrator, second):
    with transaction.atomic():
        change(administrator, by=administrator, role=Role.CURATOR)
        other = in_another_process(lambda: change(second, by=second, role=Role.CURATOR), wait=False)
        wait_until_someone_waits()

    with pytest.raises(LastAdministrator):
        other.result(timeout=10)
