import io
import re
import secrets
import threading
import time

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections

from voiceassist.core import rotation
from voiceassist.core.encryption import Key, KeyRing, key_id_of, key_ring
from voiceassist.core.rotation import all_stores, rotate

User = get_user_model()
OLD, NEW, LOST = (secrets.token_urlsafe(32) for _ in range(3))
OLD_ID, NEW_ID, LOST_ID = (Key.from_text(text).id for text in (OLD, NEW, LOST))
PLACE = "accounts.user.phone_number"


@pytest.fixture(autouse=True)
def old_key(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]


@pytest.fixture
def people(author, colleague, stranger):
    for number, user in enumerate([author, colleague, stranger]):
        user.employee_id, user.phone_number = f"E{number}", f"555-{number}"
        user.save()
    return [author, colleague, stranger]


@pytest.fixture
def few_at_once(monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 2)


def stored(user, column="phone_number"):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM accounts_user WHERE id = %s", [user.pk])
        return cursor.fetchone()[0]


def put(user, column, value):
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE accounts_user SET {column} = %s WHERE id = %s", [value, user.pk])


def run(*, fails=False, **options):
    """Return what the command printed: output, errors."""
    out, err = io.StringIO(), io.StringIO()
    if fails:
        with pytest.raises(CommandError) as caught:
            call_command("rotate_keys", stdout=out, stderr=err, no_color=True, **options)
        assert caught.value.returncode == 1
    else:
        call_command("rotate_keys", stdout=out, stderr=err, no_color=True, **options)
    return out.getvalue(), err.getvalue()


def found(employee_id):
    index = User._meta.get_field("employee_id_index")
    return User.objects.filter(employee_id_index__in=index.look_up(employee_id))


def test_everything_is_renewed_and_the_old_key_can_go(people, few_at_once, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    out, err = run()

    assert f"Renewed: {3} rows." in out
    assert f"Key {NEW_ID} (the newest): 9 values." in out
    assert f"Key {OLD_ID} (no longer needed): 0 values." in out
    assert re.search(r"accounts\.User: 2 of 3 rows\n.*accounts\.User: 3 of 3 rows", err, re.DOTALL)

    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert [User.objects.get(pk=user.pk).phone_number for user in people] == ["555-0", "555-1", "555-2"]
    assert found("e1").get() == people[1]


def test_a_dry_run_counts_and_changes_nothing(people, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    before = [stored(user) for user in people]
    out, _ = run(dry_run=True)

    assert "To be renewed: 3 rows." in out
    assert f"Key {OLD_ID} (still needed): 9 values." in out
    assert [stored(user) for user in people] == before


def test_a_second_run_writes_nothing(people, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    run()
    before = [stored(user) for user in people]
    assert "Renewed: 0 rows." in run()[0]
    assert [stored(user) for user in people] == before


def test_an_interrupted_run_goes_on_where_it_stopped(people, few_at_once, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    def killed(line):
        if "accounts.User: 2 of" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(ring=key_ring(), report=killed)
    assert sorted(key_id_of(stored(user)) for user in people) == sorted([NEW_ID, NEW_ID, OLD_ID])

    assert rotate(ring=key_ring(), report=print).renewed == 1
    assert {key_id_of(stored(user)) for user in people} == {NEW_ID}


def test_unreadable_values_are_named_and_stop_nothing(people, settings):
    put(people[0], "phone_number", KeyRing.from_texts([LOST]).encrypt("secret-word", place=PLACE))
    put(people[1], "phone_number", "never encrypted: secret-word")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    out, err = run(fails=True)

    assert f"Unreadable: accounts.User {people[0].pk} phone_number" in err
    assert f"Unreadable: accounts.User {people[1].pk} phone_number" in err
    assert f"Key {LOST_ID} (not in FIELD_ENCRYPTION_KEYS): 1 values." in out
    assert "No key: 1 values" in out
    assert f"Key {OLD_ID} (no longer needed): 0 values." in out
    assert "secret-word" not in out + err
    assert key_id_of(stored(people[0], "employee_id")) == NEW_ID  # beside the value that cannot be read
    assert key_id_of(stored(people[2])) == NEW_ID


def test_an_unreadable_text_keeps_its_index(people, settings):
    before = stored(people[0], "employee_id_index")
    put(people[0], "employee_id", KeyRing.from_texts([LOST]).encrypt("x", place="accounts.user.employee_id"))
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    run(fails=True)
    assert stored(people[0], "employee_id_index") == before


def test_an_index_that_is_out_of_date_is_repaired(people):
    put(people[0], "employee_id_index", "0" * 64)
    put(people[1], "employee_id_index", None)
    assert "Renewed: 2 rows." in run()[0]
    assert (found("E0").get(), found("E1").get()) == (people[0], people[1])


def test_an_index_of_nothing_is_removed(people):
    put(people[0], "employee_id", "")
    run()
    assert stored(people[0], "employee_id_index") is None


def test_two_rows_with_the_same_unique_value_are_named(people, settings):
    other = KeyRing.from_texts([NEW])
    put(people[0], "employee_id", other.encrypt("E1", place="accounts.user.employee_id"))
    put(people[0], "employee_id_index", other.index("e1", place="accounts.user.employee_id_index"))
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    out, err = run(fails=True)

    assert f"another row has the same value: accounts.User {people[1].pk}" in err
    assert f"Key {OLD_ID} (still needed): 3 values." in out
    assert {key_id_of(stored(people[0])), key_id_of(stored(people[2]))} == {NEW_ID}


def test_every_encrypted_value_of_the_installed_apps_is_known():
    labels = [store.label for store in all_stores()]
    assert {"accounts.User", "mfa.Authenticator"} <= set(labels)
    assert len(labels) == len(set(labels))


def test_a_deadlock_is_tried_again(people, settings, monkeypatch):
    class Deadlock(Exception):
        sqlstate = rotation.DEADLOCK

    def failing(*arguments, real=rotation._renew_locked):
        monkeypatch.setattr(rotation, "_renew_locked", real)
        raise OperationalError from Deadlock

    monkeypatch.setattr(rotation, "_renew_locked", failing)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    assert rotate(ring=key_ring(), report=print).renewed == 3


def test_any_other_fault_of_the_database_is_not_hidden(people, settings, monkeypatch):
    def failing(*arguments):
        raise OperationalError("gone")

    monkeypatch.setattr(rotation, "_renew_locked", failing)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    with pytest.raises(OperationalError):
        rotate(ring=key_ring(), report=print)


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
        return cursor.fetchone() is not None


@pytest.mark.django_db(transaction=True)
def test_what_others_write_meanwhile_is_kept(author, settings):
    """The row is read as old, then locked by a writer; rotation waits, and renews what the writer left."""
    author.phone_number = "before"
    author.save()
    written = key_ring().encrypt("meanwhile", place=PLACE)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]

    def rotating():
        rotate(ring=key_ring(), report=print)
        connections.close_all()

    from django.db import transaction

    with transaction.atomic():
        put(author, "phone_number", written)
        thread = threading.Thread(target=rotating)
        thread.start()
        deadline = time.monotonic() + 30
        while not somebody_waits_for_a_lock():
            assert time.monotonic() < deadline
            assert thread.is_alive()
    thread.join(30)

    assert User.objects.get(pk=author.pk).phone_number == "meanwhile"
    assert key_id_of(stored(author)) == NEW_ID
