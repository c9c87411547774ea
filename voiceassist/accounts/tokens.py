"""Signed tokens (JWT, RFC 7519, HS256). What they say; whether they still count is decided where they are used."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import jwt
from django.conf import settings

from voiceassist.core.errors import DomainError, ErrorCode

ALGORITHM = "HS256"
ISSUER = "voiceassist"
ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=7)
SECOND_FACTOR_LIFE = timedelta(minutes=5)


class TokenUse(StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"
    SECOND_FACTOR = "mfa"


LIFE = {
    TokenUse.ACCESS: ACCESS_LIFE,
    TokenUse.REFRESH: REFRESH_LIFE,
    TokenUse.SECOND_FACTOR: SECOND_FACTOR_LIFE,
}


class TokenNotValid(DomainError):
    """Not a token of ours, or one for another use."""

    code = ErrorCode.UNAUTHORIZED
    http_status = 401
    user_message = "This token is not valid. Sign in again."


class TokenExpired(DomainError):
    code = ErrorCode.TOKEN_EXPIRED
    http_status = 401
    user_message = "This token has expired. Refresh it, or sign in again."


class TokenRevoked(DomainError):
    code = ErrorCode.TOKEN_REVOKED
    http_status = 401
    user_message = "This token was revoked. Sign in again."


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. `family` is the id of its sign-in; times are seconds since 1970."""

    use: TokenUse
    id: uuid.UUID
    user_id: uuid.UUID
    family: uuid.UUID
    issued_at: float
    expires_at: float

    @classmethod
    def issue(cls, use: TokenUse, *, user_id: uuid.UUID, family: uuid.UUID, now: datetime) -> Token:
        """Make a token with a new id and the life of its use."""
        moment = now.timestamp()
        return cls(use, uuid.uuid4(), user_id, family, moment, moment + LIFE[use].total_seconds())

    def encode(self) -> str:
        """Sign the token."""
        claims = {
            "iss": ISSUER,
            "use": self.use,
            "jti": str(self.id),
            "sub": str(self.user_id),
            "sid": str(self.family),
            "iat": self.issued_at,
            "exp": self.expires_at,
        }
        return jwt.encode(claims, settings.JWT_SECRET_KEY, algorithm=ALGORITHM)


def decode(text: str, use: TokenUse) -> Token:
    """Check signature, issuer, time and use. Raises TokenExpired, TokenNotValid."""
    try:
        claims = jwt.decode(
            text,
            settings.JWT_SECRET_KEY,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={"require": ["iss", "use", "jti", "sub", "sid", "iat", "exp"]},
        )
        return _token(claims, use)
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenNotValid from None


def _token(claims: dict[str, Any], use: TokenUse) -> Token:
    if claims["use"] != use:
        raise TokenNotValid
    return Token(
        use=use,
        id=uuid.UUID(claims["jti"]),
        user_id=uuid.UUID(claims["sub"]),
        family=uuid.UUID(claims["sid"]),
        issued_at=float(claims["iat"]),
        expires_at=float(claims["exp"]),
    )
