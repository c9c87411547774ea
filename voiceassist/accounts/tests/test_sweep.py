from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from voiceassist.accounts.models import SignIn, SignInFailure
from voiceassist.accounts.tasks import sweep
from voiceassist.accounts.tests.api import Program
from voiceassist.core.models import Notification


@pytest.mark.django_db
def test_what_nobody_needs_is_deleted_and_the_rest_stays(author):
    now = timezone.now()
    for _ in range(3):
        Program().log_in(author.email)
    old, ended, current = SignIn.objects.all()
    SignIn.objects.filter(pk=old.pk).update(ended_at=now - timedelta(days=91))
    SignIn.objects.filter(pk=ended.pk).update(ended_at=now - timedelta(days=89))
    SignInFailure.objects.create(digest="old", last_at=now - timedelta(hours=25))
    SignInFailure.objects.create(digest="new", last_at=now - timedelta(hours=23))
    for days in (89, 91):
        Notification.objects.create(user_id=author.pk, kind="x", title="x", created_at=now - timedelta(days=days))
    for key, minutes in (("gone", -1), ("here", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=now + timedelta(minutes=minutes))
    sweep()

    assert {row.pk for row in SignIn.objects.all()} == {ended.pk, current.pk}
    assert [row.digest for row in SignInFailure.objects.all()] == ["new"]
    assert Notification.objects.count() == 1
    assert not Session.objects.filter(session_key="gone").exists()
    assert Session.objects.filter(session_key="here").exists()
