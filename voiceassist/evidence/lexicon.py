"""Words: which say the same, which are too common to tell anything, and which name a thing that nothing replaces.

The lists stand in `words/`. How rare a word is in English at large is read off the order of
the embedding model's WordPiece vocabulary, which lists frequent words first; a word outside it (a drug, a disease)
counts as rare.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path

import Stemmer

from voiceassist.ai.embedding import common_words

_WORDS = Path(__file__).parent / "words"
_RANK_OF_RARE = 20_000
_RANK_SCALE = 50
_WEIGHT_OF_CLINICAL = 0.25
_STEMMER = Stemmer.Stemmer("english")


def _lines(name: str) -> list[str]:
    lines = (_WORDS / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _words(name: str) -> frozenset[str]:
    return frozenset(" ".join(_lines(name)).split())


def _groups(name: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(line.split()) for line in _lines(name))


def _pairs(name: str) -> list[tuple[str, str]]:
    return [(first, second) for first, second in (line.split() for line in _lines(name))]


def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{source})", re.IGNORECASE if re.search("[a-z]{4}|diff", source) else 0)


SCAFFOLD = _words("scaffold.txt")
POPULATIONS = _groups("populations.txt")
DRUG_CLASSES = _pairs("drug_classes.txt")
_CLINICAL = _words("clinical.txt")
_SYNONYMS = _groups("synonyms.txt")
_GENERIC = dict(_pairs("generic_names.txt"))
_OTHER_NAME = re.compile(rf"\b(?:{'|'.join(_GENERIC)})\b", re.IGNORECASE)
_PHRASES = [(_pattern(source), form) for source, form in (line.split("\t") for line in _lines("phrases.tsv"))]


def normalise(text: str) -> str:
    """Replace brand and lay names by generic names, and abbreviations by what they stand for."""
    for pattern, form in _PHRASES:
        text = pattern.sub(form, text)
    return _OTHER_NAME.sub(lambda found: _GENERIC[found[0].lower()], text)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the Snowball stem of a word; `ff` counts as `f`, since PDF files lose that ligature."""
    stemmed: str = _STEMMER.stemWord(word.lower())
    return stemmed.replace("ff", "f")


@lru_cache(maxsize=1)
def _ranks() -> dict[str, int]:
    """Return for each stem of the vocabulary the place of its most frequent word."""
    ranks: dict[str, int] = {}
    for place, word in enumerate(common_words()):
        ranks.setdefault(stem(word), place)
    return ranks


@lru_cache(maxsize=50_000)
def weight(stemmed: str) -> float:
    """Return how much a word tells, from 0 (everyday) to 1 (rare)."""
    if stemmed in _CLINICAL:
        return _WEIGHT_OF_CLINICAL
    rank = _ranks().get(stemmed, _RANK_OF_RARE)
    return min(1.0, math.log1p(rank / _RANK_SCALE) / math.log1p(_RANK_OF_RARE / _RANK_SCALE))


@lru_cache(maxsize=50_000)
def synonyms(stemmed: str) -> frozenset[str]:
    """Return the stems that say the same."""
    return frozenset().union(*(group for group in _SYNONYMS if stemmed in group))


@lru_cache(maxsize=50_000)
def names_a_thing(stemmed: str) -> bool:
    """Tell whether a word names a drug, disease or substance, so that no other word will do."""
    return stemmed in _things() or (stemmed not in _ordinary() and not _is_compound(stemmed))


@lru_cache(maxsize=1)
def _things() -> frozenset[str]:
    return frozenset(stem(word) for word in _words("things.txt"))


@lru_cache(maxsize=1)
def _ordinary() -> frozenset[str]:
    return frozenset(_ranks()) | {prefix + word for prefix in ("re", "un", "pre", "non") for word in _ranks()}


def _is_compound(stemmed: str) -> bool:
    """Tell whether a short word is made of two ordinary ones, such as cutoff."""
    parts = ((stemmed[:place], stemmed[place:]) for place in range(3, len(stemmed) - 1))
    return len(stemmed) <= 8 and any(one in _ranks() and two in _ranks() for one, two in parts)
