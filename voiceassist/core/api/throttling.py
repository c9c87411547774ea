"""The API's rate limits, as DRF has them."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from voiceassist.core import rate_limits
from voiceassist.core.client_address import address_of, network_of


class RateLimit(BaseThrottle):
    """The limit of a scope for each subject; `rate_limits.LimitHeaders` adds the headers."""

    scope = ""
    by_user = False
    standing: rate_limits.Standing

    def allow_request(self, request: Request, _view: Any) -> bool:
        """Count the request; tell whether it is within the limit."""
        self.standing = rate_limits.count(self.scope, self.subject(request))
        rate_limits.remember(request._request, self.standing)  # noqa: SLF001 (DRF's way to the HttpRequest)
        return self.standing.is_within

    def wait(self) -> float:
        """Return the seconds until the window is over."""
        return float(self.standing.reset)

    def subject(self, request: Request) -> str:
        """Return whom the limit counts: the user, or the client's address."""
        if self.by_user and request.user and request.user.is_authenticated:
            return str(request.user.pk)
        return network_of(address_of(request))


def limit(scope: str, *, by_user: bool = False) -> type[RateLimit]:
    """Return the throttle class of a scope: `throttle_classes = [limit("login")]`."""
    return type(f"{scope.title()}Limit", (RateLimit,), {"scope": scope, "by_user": by_user})
