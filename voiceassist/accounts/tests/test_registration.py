"""Getting an account: registered, confirmed, invited; and never a word about who has one."""

import re
import threading
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from voiceassist.accounts.links import invitation_token, verification_token
from voiceassist.accounts.models import Invitation, SignIn, User
from voiceassist.accounts.services import invitations, mailing
from voiceassist.accounts.services.administration import change_user
from voiceassist.accounts.services.registration import open_invitation
from voiceassist.accounts.tests.api import PASSWORD, Program, code_of
from voiceassist.core import system_settings
from voiceassist.core.tests.another_process import in_another_process, wait_until_someone_waits

pytestmark = pytest.mark.django_db
NEW = {"email": "new@clinic.test", "password": "seven green bicycles", "name": "Nia New"}


@pytest.fixture
def listed(db):
    system_settings.set_values(
        {"registration_mode": "listed_domains", "registration_domains": ["clinic.test"]}, by_id=None
    )


@pytest.fixture
def delivered(django_capture_on_commit_callbacks):
    """Run what follows a commit, and return the mails."""

    def run(action):
        mail.outbox = []
        with django_capture_on_commit_callbacks(execute=True):
            response = action()
        return response, mail.outbox

    return run


def token_in(message):
    return re.search(r"token=(\S+)", message.body)[1]


def register(**changes):
    return Program().post("auth/register", {**NEW, **changes})


def test_without_an_invitation_registration_is_closed_by_default():
    assert code_of(register()) == (403, "FORBIDDEN")
    assert not User.objects.exists()


def test_an_address_of_a_listed_domain_registers_confirms_and_signs_in_without_a_role(listed, delivered):
    response, mails = delivered(register)
    assert (response.status_code, response.json()["data"]) == (201, {"status": "verification_sent"})
    assert [message.to for message in mails] == [["new@clinic.test"]]
    program = Program()
    assert code_of(program.log_in(NEW["email"], NEW["password"])) == (403, "EMAIL_NOT_VERIFIED")

    verified = program.post("auth/verify-email", {"token": token_in(mails[0]), "password": NEW["password"]})
    assert verified.status_code == 200
    assert program.log_in(NEW["email"], NEW["password"]).status_code == 200
    assert program.get("auth/me").json()["data"]["role"] == ""
    assert code_of(program.get("notifications")) == (403, "FORBIDDEN")


@pytest.mark.parametrize("email", ["a@elsewhere.test", "a@sub.clinic.test", "a@clinic.test.evil.test"])
def test_other_domains_may_not(listed, email):
    assert code_of(register(email=email)) == (403, "FORBIDDEN")


def test_an_address_that_has_an_account_gets_the_same_answer_and_another_mail(listed, delivered, author):
    fresh, _ = delivered(register)
    known, mails = delivered(lambda: register(email=author.email))

    assert known.json()["data"] == fresh.json()["data"]
    assert known.status_code == fresh.status_code
    assert "account already" in mails[0].subject
    author.refresh_from_db()
    assert author.check_password(PASSWORD)


def test_nobody_confirms_an_account_that_a_stranger_registered_in_their_name(listed, delivered):
    _, mails = delivered(lambda: register(password="the strangers own words"))
    wrong = Program().post("auth/verify-email", {"token": token_in(mails[0]), "password": NEW["password"]})

    assert code_of(wrong) == (401, "INVALID_CREDENTIALS")
    assert User.objects.get().email_verified_at is None


def test_the_latest_registration_of_an_unconfirmed_address_counts(listed, delivered):
    delivered(lambda: register(password="the strangers own words"))
    _, mails = delivered(register)
    token = token_in(mails[0])

    assert Program().post("auth/verify-email", {"token": token, "password": NEW["password"]}).status_code == 200
    assert User.objects.count() == 1


@pytest.mark.parametrize("token", ["", "x", "a:b:c"])
def test_a_wrong_verification_link_is_refused(token):
    response = Program().post("auth/verify-email", {"token": token or " x", "password": "any words at all"})

    assert code_of(response) == (400, "VALIDATION_ERROR")
    assert response.json()["error"]["field"] == "token"


def test_a_verification_link_lasts_three_days(newcomer):
    User.objects.filter(pk=newcomer.pk).update(email_verified_at=None)
    token = verification_token(user_id=newcomer.pk, email=newcomer.email)
    with time_machine.travel(timezone.now() + timedelta(days=3, seconds=2)):
        late = Program().post("auth/verify-email", {"token": token, "password": PASSWORD})
    assert code_of(late) == (400, "VALIDATION_ERROR")
    assert Program().post("auth/verify-email", {"token": token, "password": PASSWORD}).status_code == 200


def test_the_confirming_mail_can_be_sent_again_and_nothing_tells_for_whom(delivered, newcomer, author):
    User.objects.filter(pk=newcomer.pk).update(email_verified_at=None)
    for email, sent in ((newcomer.email, 1), (author.email, 0), ("nobody@clinic.test", 0)):
        response, mails = delivered(lambda email=email: Program().post("auth/verify-email/resend", {"email": email}))
        assert (response.status_code, response.json()["data"], len(mails)) == (202, None, sent)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"password": "short"}, "WEAK_PASSWORD", "password"),
        ({"password": "nia new clinic"}, "WEAK_PASSWORD", "password"),
        ({"email": "no address"}, "VALIDATION_ERROR", "email"),
        ({"email": 7}, "VALIDATION_ERROR", "email"),
        ({"email": "a\u0000@clinic.test"}, "VALIDATION_ERROR", "email"),
        ({"password": None}, "VALIDATION_ERROR", "password"),
        ({"name": "n" * 151}, "VALIDATION_ERROR", "name"),
        ({"invitation": "made up"}, "VALIDATION_ERROR", "invitation"),
    ],
)
def test_what_is_wrong_is_named_and_nobody_is_made(listed, changes, code, field):
    error = register(**changes).json()["error"]

    assert (error["code"], error["field"]) == (code, field)
    assert not User.objects.exists()


def test_a_weak_password_comes_with_its_score(listed):
    details = register(password="password1234").json()["error"]["details"]

    assert details["score"] < 50
    assert details["problems"]


# --- Invitations -------------------------------------------------------------------------------------------------


@pytest.fixture
def admin(administrator):
    program = Program()
    program.log_in(administrator.email)
    return program


def invite(admin, **changes):
    return admin.post("auth/invitations", {"email": NEW["email"], "role": "curator", **changes})


def test_an_invited_person_registers_with_the_role_and_needs_no_confirmation(admin, delivered):
    response, mails = delivered(lambda: invite(admin))
    link = response.json()["data"]["link"]
    token = link.partition("invitation=")[2]

    assert response.status_code == 201
    assert link in mails[0].body
    assert register(invitation=token).json()["data"] == {"status": "registered"}
    program = Program()
    program.log_in(NEW["email"], NEW["password"])
    assert program.get("auth/me").json()["data"]["role"] == "curator"


def test_an_invitation_counts_once_for_its_address_and_until_it_expires(admin):
    invite(admin)
    token = invitation_token(Invitation.objects.get().pk)
    assert code_of(register(invitation=token, email="other@clinic.test")) == (400, "VALIDATION_ERROR")
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert code_of(register(invitation=token)) == (400, "VALIDATION_ERROR")
    assert register(invitation=token).status_code == 201
    assert code_of(register(invitation=token)) == (400, "VALIDATION_ERROR")


def test_an_invitation_can_be_withdrawn_and_a_new_one_replaces_it(admin):
    invite(admin)
    first = Invitation.objects.get()
    invite(admin)
    assert code_of(register(invitation=invitation_token(first.pk))) == (400, "VALIDATION_ERROR")

    second = Invitation.objects.get(revoked_at=None)
    assert [row["id"] for row in admin.get("auth/invitations").json()["data"]] == [str(second.pk)]
    assert admin.delete(f"auth/invitations/{second.pk}").status_code == 204
    assert code_of(admin.delete(f"auth/invitations/{second.pk}")) == (404, "NOT_FOUND")
    assert code_of(register(invitation=invitation_token(second.pk))) == (400, "VALIDATION_ERROR")


@pytest.mark.django_db(transaction=True)
def test_of_two_invitations_at_once_one_stays_open(administrator):
    def invite_curator():
        return invitations.invite(email="new@clinic.test", name="", role="", by=administrator, now=timezone.now())

    with transaction.atomic():
        first = invite_curator()
        other = in_another_process(invite_curator, wait=False)
        wait_until_someone_waits()
    second = other.result(timeout=10)

    first.refresh_from_db()
    assert first.revoked_at is not None
    assert Invitation.objects.get(revoked_at=None).pk == second.pk


def test_an_invitation_does_not_outlive_the_administrator_who_wrote_it(admin, administrator):
    second = User.objects.create_user(email="second@clinic.test", password=None, role="administrator")
    invite(admin)
    token = invitation_token(Invitation.objects.get().pk)

    change_user(user_id=administrator.pk, by=second, now=timezone.now(), role="clinician")

    assert Invitation.objects.get().revoked_at is not None
    assert code_of(register(invitation=token)) == (400, "VALIDATION_ERROR")
    change_user(user_id=administrator.pk, by=second, now=timezone.now(), role="administrator")
    assert code_of(register(invitation=token)) == (400, "VALIDATION_ERROR")


def test_another_change_of_an_administrator_leaves_invitations_alone(admin, administrator):
    invite(admin)

    change_user(user_id=administrator.pk, by=administrator, now=timezone.now(), name="Dr A", role="administrator")

    assert register(invitation=invitation_token(Invitation.objects.get().pk)).status_code == 201


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "clinician"}, {"role": ""}])
def test_however_somebody_stopped_administering_their_invitations_are_refused(admin, administrator, change):
    invite(admin)
    User.objects.filter(pk=administrator.pk).update(**change)
    invitation = Invitation.objects.get()

    assert code_of(register(invitation=invitation_token(invitation.pk))) == (400, "VALIDATION_ERROR")
    assert open_invitation(invitation_token(invitation.pk), now=timezone.now()) is None


def test_somebody_with_an_account_is_not_invited(admin, author):
    assert code_of(invite(admin, email=author.email)) == (409, "CONFLICT")


def test_an_invitation_that_was_withdrawn_before_its_mail_went_is_not_sent(admin):
    invite(admin)
    invitation = Invitation.objects.get()
    Invitation.objects.update(revoked_at=timezone.now())
    mail.outbox = []
    mailing.deliver(mailing.Mail.INVITED, about=invitation.pk)

    assert mail.outbox == []


# --- A forgotten password ----------------------------------------------------------------------------------------


def ask_for_reset(email):
    return Program().post("auth/password/reset", {"email": email})


def confirm(token, password="seven green bicycles"):
    return Program().post("auth/password/reset/confirm", {"token": token, "password": password})


def test_a_forgotten_password_is_replaced_by_mail_and_every_sign_in_ends(delivered, author):
    program = Program()
    program.log_in(author.email)
    _, mails = delivered(lambda: ask_for_reset(author.email))
    token = token_in(mails[0])

    assert confirm(token).status_code == 204
    assert code_of(program.get("auth/me")) == (401, "TOKEN_REVOKED")
    assert not SignIn.objects.filter(ended_at=None).exists()
    assert Program().log_in(author.email, "seven green bicycles").status_code == 200
    assert code_of(confirm(token, "eight blue tricycles")) == (400, "VALIDATION_ERROR")


def test_asking_for_a_reset_tells_nobody_who_has_an_account(delivered, author):
    known, mails = delivered(lambda: ask_for_reset(author.email))
    unknown, none = delivered(lambda: ask_for_reset("nobody@clinic.test"))

    assert (known.status_code, known.json()["data"]) == (unknown.status_code, unknown.json()["data"]) == (202, None)
    assert (len(mails), len(none)) == (1, 0)


def test_a_reset_link_lasts_an_hour_and_bears_a_strong_password_only(delivered, author):
    _, mails = delivered(lambda: ask_for_reset(author.email))
    token = token_in(mails[0])
    assert code_of(confirm(token, "short")) == (400, "WEAK_PASSWORD")
    with time_machine.travel(timezone.now() + timedelta(seconds=3602)):
        assert code_of(confirm(token)) == (400, "VALIDATION_ERROR")
    assert confirm(token).status_code == 204


@pytest.mark.parametrize("token", ["x", "a.b", "!!!.x", "8c0f6b1e-3f0b-4c1c-9a55-0d6f6f1c9c11.x", "w6k.x", "." * 40])
def test_a_wrong_reset_token_is_refused(token):
    assert code_of(confirm(token)) == (400, "VALIDATION_ERROR")


def test_a_deactivated_user_and_the_demonstration_user_get_no_link(delivered, author, stranger):
    User.objects.filter(pk=author.pk).update(is_active=False)
    User.objects.filter(pk=stranger.pk).update(is_demo=True)

    assert delivered(lambda: ask_for_reset(author.email))[1] == []
    assert delivered(lambda: ask_for_reset(stranger.email))[1] == []


@pytest.mark.django_db(transaction=True)
def test_when_no_worker_can_be_told_the_mail_goes_all_the_same(author, monkeypatch):
    class Broken:
        def signature(self, *_, **__):
            raise ConnectionError

    monkeypatch.setattr(mailing, "current_app", Broken())
    mail.outbox = []
    ask_for_reset(author.email)
    for thread in [thread for thread in threading.enumerate() if thread.name == "mail"]:
        thread.join()

    assert [message.to for message in mail.outbox] == [[author.email]]


def test_asking_for_a_mail_costs_the_same_for_known_and_unknown_addresses(author):
    def queries(path, email):
        with CaptureQueriesContext(connection) as taken:
            Program().post(path, {"email": email})
        return len(taken)

    for path in ("auth/password/reset", "auth/verify-email/resend"):
        assert queries(path, author.email) == queries(path, "nobody@clinic.test")


def test_no_address_is_flooded_with_mails(delivered, author, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail": "2/day"}
    own = f"{uuid.uuid4().hex}@clinic.test"
    User.objects.filter(pk=author.pk).update(email=own)
    sent = [len(delivered(lambda: ask_for_reset(own))[1]) for _ in range(4)]

    assert sent == [1, 1, 0, 0]


def test_the_password_of_a_confirming_link_cannot_be_guessed_for_long(newcomer):
    User.objects.filter(pk=newcomer.pk).update(email_verified_at=None)
    body = {"token": verification_token(user_id=newcomer.pk, email=newcomer.email), "password": "wrong horse battery"}
    answers = [code_of(Program().post("auth/verify-email", body)) for _ in range(6)]

    assert answers == [(401, "INVALID_CREDENTIALS")] * 5 + [(429, "RATE_LIMITED")]


def test_a_confirming_link_counts_once(newcomer):
    User.objects.filter(pk=newcomer.pk).update(email_verified_at=None)
    body = {"token": verification_token(user_id=newcomer.pk, email=newcomer.email), "password": PASSWORD}
    answers = [Program().post("auth/verify-email", body).status_code for _ in range(2)]

    assert answers == [200, 400]
