"""Single sign-on by OpenID Connect: the authorisation code flow with PKCE (S256), state and nonce.

`begin` and `complete` are the two ends of the way through the provider; who may come in is not decided here.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import requests
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.http import HttpRequest
from django.urls import reverse

from voiceassist.accounts.oidc import errors, provider_settings
from voiceassist.accounts.oidc.adapter import Connection, Provider
from voiceassist.accounts.oidc.freshness import Demand, check_auth_time
from voiceassist.accounts.oidc.id_tokens import Identity, has_address, identity_of, verified_claims
from voiceassist.accounts.oidc.transport import NotAnObject, ProviderRefused

_SAID: dict[str, type[errors.SingleSignOnError]] = {  # RFC 6749, 4.1.2.1 and 5.2; OpenID Connect Core 1.0, 3.1.2.6
    "access_denied": errors.Declined,
    "login_required": errors.Declined,
    "interaction_required": errors.Declined,
    "consent_required": errors.Declined,
    "invalid_grant": errors.CodeNotAccepted,
    "invalid_client": errors.ClientNotAccepted,
    "unauthorized_client": errors.ClientNotAccepted,
    "invalid_scope": errors.ClientNotAccepted,
}


@dataclass(frozen=True, slots=True)
class SignInChoice:
    """A button of the sign-in page: a form that posts to `url`."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody back from the provider, and where they were going."""

    identity: Identity
    next_url: str


def provider() -> SignInChoice | None:
    """Return what the sign-in page offers besides a password, None for nothing."""
    found = provider_settings.current()
    return SignInChoice(name=found.name, url=reverse("oidc-login")) if found else None


def begin(request: HttpRequest, *, next_url: str, demand: Demand, now: datetime) -> str:
    """Return the address at the provider to send the browser to. Raises SingleSignOnError.

    `next_url` must have been checked to be our own; "" is home.
    """
    nonce = secrets.token_urlsafe(32)
    kept = {"nonce": nonce, "next": next_url, "not_before": demand.not_before(now=now.timestamp())}
    asked = {"nonce": nonce, **demand.parameters()}
    with _explained():
        way = _provider(request).redirect(request, process=AuthProcess.LOGIN, data=kept, auth_params=asked)
    url: str = way.url
    return url


def complete(request: HttpRequest, *, demand: Demand, now: datetime) -> Arrival:
    """Trade the code of a callback for an identity. Raises SingleSignOnError. A state is good once.

    `demand` is that of now: the browser may have been locked since it left.
    """
    found = _provider(request)
    state = statekit.unstash_state(request, provider_id=found.sub_id, state_id=request.GET.get("state", ""))
    if state is None:
        raise errors.NotBegunHere
    if "error" in request.GET:
        raise _SAID.get(request.GET["error"], errors.ProviderFailed)
    if not request.GET.get("code"):
        raise errors.AnswerNotUnderstood
    with _explained():
        connection = Connection(request, found.sub_id)
        answer = _trade_code(request, connection, verifier=state["pkce_code_verifier"])
        kept = state["data"]
        claims = _claims(connection, answer, nonce=kept["nonce"])
        check_auth_time(claims, not_before=max(kept["not_before"], demand.after), now=now.timestamp())
        return Arrival(_identity(connection, answer, claims), kept["next"])


def _provider(request: HttpRequest) -> Provider:
    found: Provider = get_adapter(request).get_provider(request, provider=Provider.id)
    return found


def _trade_code(request: HttpRequest, connection: Connection, *, verifier: str) -> dict[str, Any]:
    issuer = connection.openid_config["issuer"]
    if request.GET.get("iss", issuer) != issuer:  # RFC 9207: the answer of another provider
        raise errors.NotBegunHere
    app = connection.get_provider().app
    client = connection.get_client(request, app)
    answer: dict[str, Any] = connection.get_access_token_data(request, app, client, pkce_code_verifier=verifier)
    return answer


def _claims(connection: Connection, answer: dict[str, Any], *, nonce: str) -> dict[str, Any]:
    return verified_claims(
        answer.get("id_token"),
        keys=connection.keys(),
        issuer=connection.openid_config["issuer"],
        client_id=connection.get_provider().app.client_id,
        nonce=nonce,
    )


def _identity(connection: Connection, answer: dict[str, Any], claims: dict[str, Any]) -> Identity:
    details = {} if has_address(claims) else connection.details(str(answer["access_token"]))
    return identity_of(claims, details, issuer=connection.get_provider().sub_id)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the libraries raise, which may quote codes and secrets, into what is told and logged."""
    try:
        yield
    except ProviderRefused as error:
        raise _refusal(error) from error
    except (NotAnObject, OAuth2Error, requests.exceptions.InvalidJSONError) as error:
        raise errors.AnswerNotUnderstood from error
    except requests.exceptions.SSLError as error:
        raise errors.CertificateNotTrusted from error
    except requests.RequestException as error:
        raise errors.Unreachable from error


def _refusal(error: ProviderRefused) -> errors.SingleSignOnError:
    if error.error in _SAID:
        return _SAID[error.error]()
    if error.status == requests.codes.unauthorized:
        return errors.ClientNotAccepted()
    return errors.ProviderFailed() if error.status >= 500 else errors.AnswerNotUnderstood()
