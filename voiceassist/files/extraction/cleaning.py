"""Text that is safe to store, to show and to search."""

from __future__ import annotations

import re
import unicodedata

_LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
_SPACES = dict.fromkeys((160, 5760, *range(8192, 8203), 8239, 8287, 12288), " ")
_LINE_ENDS = {0x0B: "\n", 0x0C: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
# PostgreSQL refuses NUL; the other C0 and C1 controls have no meaning in a document.
_CONTROLS = {code: None for code in (*range(0x09), *range(0x0E, 0x20), *range(0x7F, 0xA0)) if code != 0x85}
# Direction overrides, zero-width, invisible operators, tags and variation supplements can hide or reorder what
# the reader sees (Unicode Technical Report 36, "Unicode Security Considerations").
_HIDDEN = dict.fromkeys(
    (
        173,
        847,
        1564,
        4447,
        4448,
        6068,
        6069,
        6158,
        8203,
        8206,
        8207,
        *range(8234, 8239),
        *range(8288, 8304),
        12644,
        65279,
        65440,
        *range(65529, 65532),
        *range(917504, 918016),
    )
)
_UNASSIGNABLE = {**dict.fromkeys(range(55296, 57344), "�"), 0xFFFE: None, 0xFFFF: None}
_TABLE: dict[int, str | None] = {**_SPACES, **_LINE_ENDS, **_CONTROLS, **_HIDDEN, **_UNASSIGNABLE}
_TABLE.update({ord(sign): letters for sign, letters in _LIGATURES.items()})

# NUL stands between words more often than inside one.
_PARTING_NUL = re.compile(r"(?<=[^\s\x00])\x00+(?=[^\s\x00])")
# Joiners carry meaning inside Arabic and Indic words, and hide text anywhere else.
_STRAY_JOINER = re.compile(r"(?<![\u0600-\u0dff])[\u200c\u200d]|[\u200c\u200d](?![\u0600-\u0dff])")
_HIDDEN_PATTERN = re.compile(
    "[" + "".join(re.escape(chr(code)) for code in (*_HIDDEN, 0x200C, 0x200D) if code != 0xAD) + "]"
)


def clean_text(text: str) -> str:
    """Return NFC text with plain spaces and line ends, and without control, hidden or reordering characters.

    Tabs and line feeds stay.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _PARTING_NUL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", _STRAY_JOINER.sub("", text).translate(_TABLE))


def clean_line(text: str) -> str:
    """Return cleaned text on one line with single spaces."""
    return " ".join(clean_text(text).split())


def count_hidden_characters(text: str) -> int:
    """Count the invisible and reordering characters that `clean_text` takes out."""
    return 0 if text.isascii() else len(_HIDDEN_PATTERN.findall(text))
