import uuid
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import OperationalError

from voiceassist.accounts.browser_sessions import SessionStore
from voiceassist.accounts.tokens import Token, TokenUse
from voiceassist.accounts.uploads import looks_signed_in


@pytest.mark.django_db
async def test_who_looks_signed_in(author):
    def session_key(**values):
        session = SessionStore()
        session.update(values)
        session.save()
        return session.session_key

    mine = await sync_to_async(session_key)(_auth_user_id=str(author.pk))
    nobodys = await sync_to_async(session_key)(theme="dark")
    now = datetime.now(UTC)
    tokens = {
        use: Token.issue(use, user_id=author.pk, family=uuid.uuid4(), now=moment).encode()
        for use, moment in ((TokenUse.ACCESS, now), (TokenUse.REFRESH, now), (TokenUse.SECOND_FACTOR, now))
    }
    old = Token.issue(TokenUse.ACCESS, user_id=author.pk, family=uuid.uuid4(), now=now - timedelta(days=1)).encode()

    assert await looks_signed_in(session_key=mine, bearer="")
    assert await looks_signed_in(session_key="", bearer=tokens[TokenUse.ACCESS])
    assert await looks_signed_in(session_key=mine, bearer="forged")
    for key in ("", "x" * 32, nobodys):
        assert not await looks_signed_in(session_key=key, bearer="")
    for bearer in (tokens[TokenUse.REFRESH], tokens[TokenUse.SECOND_FACTOR], old, "x.y.z", "é"):
        assert not await looks_signed_in(session_key="", bearer=bearer)


@pytest.mark.django_db
async def test_nobody_looks_signed_in_while_the_database_is_down(monkeypatch):
    def fail(*_):
        raise OperationalError

    monkeypatch.setattr(SessionStore, "load", fail)
    assert not await looks_signed_in(session_key="x" * 32, bearer="")
