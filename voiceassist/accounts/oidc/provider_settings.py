"""The provider of single sign-on, as the environment names it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core import checks

from voiceassist.runtime.loopback import is_loopback_url

WELL_KNOWN = "/.well-known/openid-configuration"
LONGEST_ISSUER = 200  # characters; it is half of the key of an identity

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """`issuer` comes without a trailing slash; it is the name under which identities are kept."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    scopes: tuple[str, ...]

    @property
    def discovery_url(self) -> str:
        """Return where the provider describes itself (OpenID Connect Discovery 1.0, 4)."""
        return f"{self.issuer}{WELL_KNOWN}"


def current() -> ProviderSettings | None:
    """Return the provider; None if there is none, or if its settings cannot be used safely."""
    given = _given()
    if given is None:
        return None
    if problem := problem_of(given):
        logger.error("single_sign_on_off", reason=problem)
        return None
    return given


def _given() -> ProviderSettings | None:
    if not settings.OIDC_ISSUER:
        return None
    return ProviderSettings(
        issuer=settings.OIDC_ISSUER.removesuffix(WELL_KNOWN).rstrip("/"),
        client_id=settings.OIDC_CLIENT_ID,
        client_secret=settings.OIDC_CLIENT_SECRET,
        name=settings.OIDC_NAME,
        scopes=tuple(settings.OIDC_SCOPES),
    )


def problem_of(given: ProviderSettings) -> str:
    """Return why settings cannot be used, "" if they can."""
    if not is_safe_url(given.issuer) or urlsplit(given.issuer).query or urlsplit(given.issuer).fragment:
        return "OIDC_ISSUER must be an https address; plain http is for a provider on this machine only."
    if len(given.issuer) > LONGEST_ISSUER:
        return f"OIDC_ISSUER is longer than {LONGEST_ISSUER} characters."
    if not given.client_id or not given.client_secret:
        return "OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET."
    if "openid" not in given.scopes:
        return "OIDC_SCOPES must contain openid."
    return ""


def is_safe_url(url: object) -> bool:
    """Tell whether secrets may be sent to an address: over TLS, or without leaving this machine."""
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        return False
    return has_host and (parts.scheme == "https" or is_loopback_url(url))


def check_single_sign_on(**_: Any) -> list[checks.CheckMessage]:
    """Say before any command runs what is wrong with the settings."""
    given = _given()
    problem = problem_of(given) if given else ""
    return [checks.Error("Single sign-on cannot be used.", hint=problem, id="accounts.E001")] if problem else []
