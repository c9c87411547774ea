"""Where sentences begin and end in medical prose."""

from __future__ import annotations

import re

Span = tuple[int, int]  # half-open character offsets

_BOUNDARY = re.compile(
    r"""(?<=[.!?])["'”’)\]]*(?:\[\d+(?:\s*,\s*\d+)*\])*\s+(?=["'“‘(\[]*[A-Z0-9≥≤<>])"""
    r"""|\n{2,}|\n(?=[^\n]*\t)|\n(?=[•▪●–-]\s)"""
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|ca|approx|al|etc|Dr|Drs|Mr|Mrs|Ms|Prof|St|Jr|Sr|Fig|Figs|Tab|Ref|Refs|No|Nos|Vol|Eq|pp|Sect|Suppl"
    r"|resp|incl|spp|sp|var|min|max|mg|Inc|Ltd|Co|U\.S|U\.K|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)"
    r"|\b[A-Z]|\(\d+|^\s*\d{1,2})\.$"
)
_UNIT_AT_END = re.compile(r"\b(?:mg|min|max|No|al|etc)\.$")
_ALWAYS_OPEN = {"no.", "al."}


def sentence_spans(text: str) -> list[Span]:
    """Return the half-open offsets of each sentence, without white space around it.

    A table row (a line with a tab) and a paragraph are never joined to what follows.
    """
    spans: list[Span] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        if "\n\n" not in match.group() and _is_inside(text[start : match.start()], text[match.end() :]):
            continue
        _append(spans, text, start, _closing(match))
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _is_inside(before: str, after: str) -> bool:
    """Tell whether the full stop belongs to an abbreviation rather than to the end of a sentence."""
    tail = before.rsplit("\n", 1)[-1]
    if not tail.endswith("."):
        return False
    if _UNIT_AT_END.search(tail) and tail.rsplit(None, 1)[-1].lower() not in _ALWAYS_OPEN:
        return not after[:1].isupper()
    return bool(_ABBREVIATION.search(tail))


def _closing(match: re.Match[str]) -> int:
    """Return the end of the quotation marks and reference marks that close a sentence."""
    return match.start() + len(match.group().rstrip())


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        first = start + len(piece) - len(piece.lstrip())
        spans.append((first, first + len(stripped)))
