"""The three secrets of an installation: on loopback made and kept, elsewhere given and strong.

No message here shows a value.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from voiceassist.core.encryption import KEY, KeyRing, key_material

SIGNING, TOKENS, FIELDS = "SECRET_KEY", "JWT_SECRET_KEY", "FIELD_ENCRYPTION_KEYS"
KEPT = {SIGNING: "secret_key", TOKENS: "jwt_secret_key", FIELDS: "field_encryption_key"}  # files in DATA_DIR
LEAST = {SIGNING: 50, TOKENS: KEY}  # characters; Django's own check, and the hash length of HS256 (RFC 7518, 3.2)
VARIETY = 10  # different characters, or bytes
HOW = """Make one for each: python -c "import secrets; print(secrets.token_urlsafe(48))\""""
EXAMPLES = re.compile(
    r"change.?me|change.?this|insecure|your.?(secret|key|jwt)|example|password|replace|placeholder|voiceassist"
    r"|super.?secret|secret.?key|default|qwerty|abcdefgh|12345678",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What signs cookies and links, what signs the API's tokens, what encrypts fields (the newest first)."""

    signing: str = field(repr=False)
    tokens: str = field(repr=False)
    fields: list[str] = field(repr=False)


def checked_secrets(*, given: Secrets, data_dir: Path, on_loopback: bool) -> Secrets:
    """Return the secrets of the environment; on loopback, make and keep what is missing.

    Raises ImproperlyConfigured, which names every variable that is missing, malformed or weak.
    """
    faults = malformed(given.fields) or ([] if on_loopback else weaknesses(given))
    if faults:
        raise ImproperlyConfigured("\n".join([*faults, *_advice(given, data_dir)]))
    return Secrets(
        given.signing or kept_secret(data_dir / KEPT[SIGNING], name=SIGNING),
        given.tokens or kept_secret(data_dir / KEPT[TOKENS], name=TOKENS),
        given.fields or [kept_secret(data_dir / KEPT[FIELDS], name=FIELDS)],
    )


def split(text: str) -> list[str]:
    """Return the keys in a text, separated by commas or blanks, such as the lines of a mounted file."""
    return [part for part in re.split(r"[\s,]+", text) if part]


def malformed(keys: Sequence[str]) -> list[str]:
    """Say which of the keys for fields are none. They are refused everywhere: data must never depend on luck."""
    faults = [f"{FIELDS}: key {number} is malformed. {why}" for number, key in enumerate(keys, 1) if (why := _why(key))]
    if not faults and keys:
        try:
            KeyRing.from_texts(keys)
        except ValueError as error:
            faults = [f"{FIELDS}: {error}"]
    return faults


def _why(key: str) -> str:
    try:
        key_material(key)
    except ValueError as error:
        return str(error)
    return ""


def weaknesses(given: Secrets) -> list[str]:
    """Say what is not good enough for a server that others can reach: missing, weak, or used twice."""
    texts = {SIGNING: given.signing, TOKENS: given.tokens}
    faults = [f"{name} {why}." for name, text in texts.items() if (why := weakness(text, least=LEAST[name]))]
    if not given.fields:
        faults.append(f"{FIELDS} is not set.")
    faults += [f"{FIELDS}: a key {why}." for key in given.fields if (why := weakness_of_key(key))]
    named = [*texts.items(), *((FIELDS, key) for key in given.fields)]
    equal = [(one, other) for (one, a), (other, b) in combinations(named, 2) if a and a.rstrip("=") == b.rstrip("=")]
    return [*faults, *(f"{other} has the same value as {one}." for one, other in equal)]


def weakness(text: str, *, least: int) -> str:
    """Return what is wrong with a secret, "" when it looks random and is long enough."""
    if not text:
        return "is not set"
    if len(text) < least:
        return f"is too short ({len(text)} characters; {least} are the least)"
    if EXAMPLES.search(text):
        return "looks like an example, not like something random"
    return _monotony(text)


def weakness_of_key(key: str) -> str:
    """Return what is wrong with a well-formed key for fields; its text and its bytes must both look random."""
    material = key_material(key).decode("latin1")
    return weakness(material, least=KEY) or weakness(key, least=KEY)


def _monotony(text: str) -> str:
    half = len(text) // 2
    is_repeated = any(text == (text[:length] * len(text))[: len(text)] for length in range(1, half + 1))
    return "has too little variety" if is_repeated or len(set(text)) < VARIETY else ""


def _advice(given: Secrets, data_dir: Path) -> list[str]:
    kept = data_dir / KEPT[FIELDS]
    if given.fields or not kept.exists():
        return [HOW]
    return [HOW, f"The data here were encrypted with a key that is kept: set {FIELDS}_FILE={kept} to read them."]


def kept_secret(path: Path, *, name: str = SIGNING) -> str:
    """Return the secret kept at `path`, made on first use and readable by its owner only.

    Raises ImproperlyConfigured when it can neither be read nor written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(50))
        value = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ImproperlyConfigured(
            f"No {name} is set and {path} cannot be used ({reason}). Set {name} or DATA_DIR."
        ) from error
    if not value:
        raise ImproperlyConfigured(f"No {name} is set and {path} is empty. Set {name}, or bring the file back.")
    return value


def _write_once(path: Path, value: str) -> None:
    """Write the file whole or not at all; the first of several writers wins."""
    if path.exists():
        return
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(value)
    try:
        os.link(scratch, path)
    except FileExistsError:
        pass
    finally:
        scratch.unlink()
