"""How lately somebody must have proved at the provider who they are (OpenID Connect Core 1.0, 2 and 3.1.2.1).

The provider is asked for it in an address that passes through the browser, and whoever sits there can change it. So
what counts is the time in the id_token, which is signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voiceassist.accounts.oidc.errors import NoAuthTime, NotLately, TokenNotTrusted
from voiceassist.accounts.oidc.id_tokens import LEEWAY


@dataclass(frozen=True, slots=True)
class Demand:
    """`max_age` is in seconds. `after` is when the browser was locked, in seconds since 1970; 0 if it was not."""

    max_age: int
    after: float = 0

    def parameters(self) -> dict[str, str]:
        """Return what the provider is asked for."""
        asked = {"max_age": str(self.max_age)}
        return {**asked, "prompt": "login"} if self.after else asked

    def not_before(self, *, now: float) -> float:
        """Return the time that `auth_time` must be later than, for a sign-in that begins now."""
        return max(now - self.max_age - LEEWAY, self.after)


def check_auth_time(claims: Mapping[str, Any], *, not_before: float, now: float) -> None:
    """Raise NoAuthTime, NotLately; TokenNotTrusted for what is no time, or one to come."""
    given = claims.get("auth_time")
    if given is None:
        raise NoAuthTime
    if isinstance(given, bool) or not isinstance(given, int | float) or given > now + LEEWAY:
        raise TokenNotTrusted
    if not given > not_before:  # said so that NaN, too, is not late enough
        raise NotLately(not_before)
