"""Encryption of single values at rest, and blind indexes to find them by.

AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce. The associated data names model and field, so a value moved
to another column does not decrypt. Keys are derived by HKDF-SHA256 (RFC 5869), one for encryption and one for indexes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = "1"
NONCE = 12  # bytes
KEY = 32  # bytes


class EncryptionError(Exception):
    """A value cannot be decrypted: its key is gone, or it was altered or moved. Never holds the value."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the ring. `id` names it in stored values and tells nothing about it."""

    id: str
    encryption: bytes
    index: bytes

    @classmethod
    def from_text(cls, text: str) -> Key:
        """Derive a key from its text, URL-safe base64 of at least 32 bytes. Raises ValueError."""
        material = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if len(material) < KEY:
            raise ValueError("A field encryption key must hold at least 32 bytes.")
        return cls(
            id=hashlib.sha256(b"voiceassist key id" + material).hexdigest()[:8],
            encryption=_derive(material, b"voiceassist field encryption"),
            index=_derive(material, b"voiceassist blind index"),
        )


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The newest key first: it encrypts; the others only decrypt and find."""

    keys: tuple[Key, ...]

    @property
    def newest(self) -> Key:
        """Return the key that new values are encrypted with."""
        return self.keys[0]

    def encrypt(self, plain: str, *, place: str) -> str:
        """Return `version:key id:base64(nonce + ciphertext + tag)`."""
        nonce = secrets.token_bytes(NONCE)
        sealed = AESGCM(self.newest.encryption).encrypt(nonce, plain.encode(), place.encode())
        return f"{VERSION}:{self.newest.id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def decrypt(self, stored: str, *, place: str) -> str:
        """Return the plain text. Raises EncryptionError."""
        version, _, rest = stored.partition(":")
        key_id, _, body = rest.partition(":")
        key = next((key for key in self.keys if key.id == key_id), None)
        if version != VERSION or key is None:
            raise EncryptionError("The key of an encrypted value is not in FIELD_ENCRYPTION_KEYS.")
        try:
            sealed = base64.urlsafe_b64decode(body)
            return AESGCM(key.encryption).decrypt(sealed[:NONCE], sealed[NONCE:], place.encode()).decode()
        except (InvalidTag, ValueError):
            raise EncryptionError("An encrypted value was altered or moved.") from None

    def is_current(self, stored: str) -> bool:
        """Tell whether a stored value is encrypted with the newest key."""
        return stored.startswith(f"{VERSION}:{self.newest.id}:")

    def index(self, plain: str, *, place: str) -> str:
        """Return the blind index of a value under the newest key: HMAC-SHA-256, in hexadecimal."""
        return _index(self.newest, plain, place)

    def indexes(self, plain: str, *, place: str) -> list[str]:
        """Return the blind index under every key, to find values whose index was not renewed yet."""
        return [_index(key, plain, place) for key in self.keys]


def key_ring() -> KeyRing:
    """Return the ring of FIELD_ENCRYPTION_KEYS."""
    return _ring(tuple(settings.FIELD_ENCRYPTION_KEYS))


@cache
def _ring(texts: tuple[str, ...]) -> KeyRing:
    return KeyRing(tuple(Key.from_text(text) for text in texts))


def _index(key: Key, plain: str, place: str) -> str:
    return hmac.new(key.index, f"{place}\0{plain}".encode(), hashlib.sha256).hexdigest()


def _derive(material: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY, salt=None, info=purpose).derive(material)
