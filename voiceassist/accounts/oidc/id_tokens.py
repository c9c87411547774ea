"""What the provider says about a person, and whether it was the provider who said it to us, now.

The library leaves the signature of an id_token that came straight from the token endpoint unchecked, as OpenID Connect
Core 1.0 (3.1.3.7, 6) allows, and knows no nonce. Both are checked here, whatever the transport.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from django.utils.crypto import constant_time_compare

from voiceassist.accounts.models import normalize_email
from voiceassist.accounts.names import cleaned_name
from voiceassist.accounts.oidc.errors import AnswerNotUnderstood, TokenNotTrusted

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)  # with a public key: never `none`, never one that our own client secret could sign
LEEWAY = 60  # seconds that the two clocks may be apart
LONGEST_SUBJECT = 191  # characters of the column


@dataclass(frozen=True, slots=True)
class Identity:
    """A person at a provider: issuer and subject never change, all else may. `email` is "" or in lower case."""

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""


def verified_claims(
    id_token: object, *, keys: Mapping[str, Any], issuer: str, client_id: str, nonce: str
) -> dict[str, Any]:
    """Check signature, issuer, audience, times and nonce; return the claims. Raises TokenNotTrusted."""
    if not isinstance(id_token, str):
        raise AnswerNotUnderstood
    try:
        claims: dict[str, Any] = jwt.decode(
            id_token,
            _key_for(jwt.get_unverified_header(id_token), keys),
            algorithms=sorted(ALGORITHMS),
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": ["iss", "sub", "aud", "exp", "iat"], "enforce_minimum_key_length": True},
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise TokenNotTrusted from error
    if not _is_for_us(claims, client_id) or not constant_time_compare(str(claims.get("nonce", "")), nonce):
        raise TokenNotTrusted
    return claims


def identity_of(claims: Mapping[str, Any], details: Mapping[str, Any], *, issuer: str) -> Identity:
    """Return who it is. `details` comes from the userinfo endpoint, or is empty.

    Address and whether it is verified are always taken from the same place. Raises AnswerNotUnderstood, and
    TokenNotTrusted for details about somebody else (OpenID Connect Core 1.0, 5.3.2).
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise AnswerNotUnderstood
    if details and details.get("sub") != subject:
        raise TokenNotTrusted
    source = claims if has_address(claims) else details
    verified = source.get("email_verified")
    name = source.get("name") or claims.get("name")
    return Identity(
        issuer=issuer,
        subject=subject,
        email=normalize_email(source["email"]) if has_address(source) else "",
        email_verified=verified is True or verified == "true",  # some providers send words
        name=cleaned_name(name) if isinstance(name, str) else "",
    )


def has_address(claims: Mapping[str, Any]) -> bool:
    """Tell whether an address is named at all."""
    return isinstance(claims.get("email"), str) and bool(claims["email"].strip())


def _key_for(header: Mapping[str, Any], keys: Mapping[str, Any]) -> jwt.PyJWK:
    """Return the key that a token names, or the only one there is. Raises InvalidTokenError."""
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise jwt.InvalidAlgorithmError
    listed = keys.get("keys")
    usable = [key for key in listed if _may_sign(key, algorithm)] if isinstance(listed, list) else []
    found = [key for key in usable if key_id is None or key.get("kid") == key_id]
    if not found or (key_id is None and len(found) > 1):
        raise jwt.InvalidKeyError
    return jwt.PyJWK(found[0], algorithm=algorithm)


def _may_sign(key: object, algorithm: str) -> bool:
    return isinstance(key, dict) and key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm


def _is_for_us(claims: Mapping[str, Any], client_id: str) -> bool:
    """Check the authorised party, which must be named where there are several audiences."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    return bool(claims.get("azp", None if several else client_id) == client_id)
