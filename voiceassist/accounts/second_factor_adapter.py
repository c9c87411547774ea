from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter

from voiceassist.core.encryption import key_ring

PLACE = "mfa.authenticator.data"


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps the secrets of second factors under the key ring."""

    def encrypt(self, text: str) -> str:
        """Encrypt a TOTP secret or the seed of recovery codes."""
        return key_ring().encrypt(text, place=PLACE)

    def decrypt(self, encrypted_text: str) -> str:
        """Return such a secret. Raises EncryptionError."""
        return key_ring().decrypt(encrypted_text, place=PLACE)
