"""Notifications by e-mail, for those who asked for them."""

import pytest
from django.core import mail
from django.utils import timezone

from voiceassist.accounts.models import User
from voiceassist.accounts.services.mailing import Mail, deliver
from voiceassist.accounts.services.preferences import change_preferences
from voiceassist.core.notifications import notify


@pytest.fixture
def told(author, django_capture_on_commit_callbacks):
    def run():
        with django_capture_on_commit_callbacks(execute=True):
            return notify(user_id=author.pk, kind="job.done", title="Indexing finished", url="/app/")

    return run


def wish(author):
    change_preferences(user=author, values={"email_notifications": True})


def test_who_asked_for_it_gets_a_mail_with_a_link(author, told):
    wish(author)
    told()

    [message] = mail.outbox
    assert (message.to, message.subject) == ([author.email], "Indexing finished")
    assert "/app/" in message.body


def test_nobody_else_does(author, told):
    told()

    assert mail.outbox == []


def test_what_was_read_before_its_mail_went_is_not_sent(author, told):
    row = told()
    wish(author)
    row.read_at = timezone.now()
    row.save()
    deliver(Mail.NOTIFIED, about=row.pk)

    assert mail.outbox == []


def test_a_user_who_was_switched_off_gets_none(author, told):
    wish(author)
    User.objects.filter(pk=author.pk).update(is_active=False)
    told()

    assert mail.outbox == []
