"""Browser sessions, kept in PostgreSQL as Django does; what cannot be a session's key is not looked for there."""

from __future__ import annotations

import re

from django.contrib.sessions.backends import db

_KEY = re.compile(r"[a-z0-9]{32}")  # as `SessionBase._get_new_session_key` makes them


class SessionStore(db.SessionStore):
    """A cookie may hold anything, a NUL too, which PostgreSQL does not take: then it is no session of ours."""

    def _validate_session_key(self, key: str | None) -> bool:
        return key is not None and _KEY.fullmatch(key) is not None
