"""Encryption of single values at rest, and blind indexes to find them by.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce: safe for 2^32 values under one key. The associated data names
model and field, so a value moved to another column does not decrypt; one moved to another row of the same column does.
Keys are derived by HKDF-SHA256 (RFC 5869), one for encryption and one for indexes. What a thief of the database still
sees: the length of a value, whether it is empty, and which rows share an indexed value.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

VERSION = "1"
NONCE = 12  # bytes
TAG = 16  # bytes
KEY = 32  # bytes
_BASE64 = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_STORED = re.compile(rf"{VERSION}:(?P<key>[0-9a-f]{{8}}):(?P<body>[A-Za-z0-9_-]+={{0,2}})", re.ASCII)


class EncryptionError(Exception):
    """A value cannot be encrypted or decrypted. Neither it, nor what led to it, ever holds the value or a key."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the ring. `id` names it in stored values and tells nothing about it."""

    id: str
    encryption: bytes = field(repr=False)
    index: bytes = field(repr=False)

    @classmethod
    @sensitive_variables()
    def from_text(cls, text: str) -> Key:
        """Derive a key from its text, URL-safe base64 of at least 32 bytes. Raises ValueError."""
        material = key_material(text)
        return cls(
            id=hashlib.sha256(b"voiceassist key id" + material).hexdigest()[:8],
            encryption=_derive(material, b"voiceassist field encryption"),
            index=_derive(material, b"voiceassist blind index"),
        )


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The newest key first: it encrypts; the others only decrypt and find."""

    keys: tuple[Key, ...]

    @classmethod
    def from_texts(cls, texts: Sequence[str]) -> KeyRing:
        """Return the ring of some keys' texts. Raises ValueError."""
        keys = tuple(Key.from_text(text) for text in texts)
        if not keys:
            raise ValueError("There is no key.")
        if len({key.id for key in keys}) < len(keys):
            raise ValueError("The same key is given twice.")
        return cls(keys)

    @property
    def newest(self) -> Key:
        """Return the key that new values are encrypted with."""
        return self.keys[0]

    @sensitive_variables()
    def encrypt(self, plain: str, *, place: str) -> str:
        """Return `version:key id:base64(nonce + ciphertext + tag)`. Raises EncryptionError."""
        if (encoded := _utf8(plain)) is None:
            raise EncryptionError(f"A text for {place} holds half of a surrogate pair, which is no text.")
        nonce = secrets.token_bytes(NONCE)
        sealed = AESGCM(self.newest.encryption).encrypt(nonce, encoded, place.encode())
        return f"{VERSION}:{self.newest.id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    @sensitive_variables()
    def decrypt(self, stored: str, *, place: str) -> str:
        """Return the plain text. Raises EncryptionError."""
        if (found := _STORED.fullmatch(stored)) is None:
            raise EncryptionError(f"A value of {place} was never encrypted, or it was altered.")
        key = next((key for key in self.keys if key.id == found["key"]), None)
        if key is None:
            raise EncryptionError(f"The key {found['key']} of a value of {place} is not in FIELD_ENCRYPTION_KEYS.")
        if (plain := _opened(key, found["body"], place)) is None:
            raise EncryptionError(f"A value of {place} was altered, or moved there from another column.")
        return plain

    def is_current(self, stored: str) -> bool:
        """Tell whether a stored value is encrypted with the newest key."""
        return key_id_of(stored) == self.newest.id

    @sensitive_variables()
    def index(self, plain: str, *, place: str) -> str:
        """Return the blind index of a value under the newest key: HMAC-SHA-256, in hexadecimal."""
        return _index(self.newest, plain, place)

    @sensitive_variables()
    def indexes(self, plain: str, *, place: str) -> list[str]:
        """Return the blind index under every key, to find values whose index was not renewed yet."""
        return [_index(key, plain, place) for key in self.keys]


def key_ring() -> KeyRing:
    """Return the ring of FIELD_ENCRYPTION_KEYS."""
    return _ring(tuple(settings.FIELD_ENCRYPTION_KEYS))


def key_id_of(stored: str) -> str:
    """Return the id of the key that a stored value names, "" when it is no encrypted value."""
    found = _STORED.fullmatch(stored)
    return found["key"] if found else ""


@sensitive_variables()
def key_material(text: str) -> bytes:
    """Return the bytes of a key's text. Raises ValueError, which says what is wrong and not what was given."""
    material = _decoded(text.rstrip("="))
    if material is None:
        raise ValueError("It is no URL-safe base64.")
    if len(material) < KEY:
        raise ValueError(f"It holds {len(material)} bytes; {KEY} are the least.")
    return material


# What the libraries raise carries the value it is about (UnicodeError.object), and an exception raised meanwhile keeps
# it as its context. So these return None, and their callers raise when nothing is being handled any more.


def _utf8(text: str) -> bytes | None:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None


@sensitive_variables()
def _opened(key: Key, body: str, place: str) -> str | None:
    sealed = _decoded(body.rstrip("="))
    if sealed is None or len(sealed) < NONCE + TAG:
        return None
    try:
        return AESGCM(key.encryption).decrypt(sealed[:NONCE], sealed[NONCE:], place.encode()).decode()
    except (InvalidTag, UnicodeDecodeError):
        return None


def _decoded(text: str) -> bytes | None:
    """Read URL-safe base64 without padding, strictly: Python's own reader skips what it does not know."""
    if not _BASE64.fullmatch(text) or len(text) % 4 == 1:
        return None
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@cache
@sensitive_variables()
def _ring(texts: tuple[str, ...]) -> KeyRing:
    return KeyRing.from_texts(texts)


def _index(key: Key, plain: str, place: str) -> str:
    return hmac.new(key.index, f"{place}\0{plain}".encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def _derive(material: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY, salt=None, info=purpose).derive(material)
