"""Bibliographic facts about a document, in one form whatever the source."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from voiceassist.files.extraction.cleaning import clean_text

MAX_DEPTH = 6
MAX_TEXT_CHARACTERS = 20_000
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d|21\d\d)(?!\d)")
_DOI_LEAD = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
_LISTS = frozenset({"authors", "references", "keywords", "publication_types"})
_TEXTS = frozenset({"journal", "volume", "issue", "pages", "doi", "pmid", "url", "language", "kind", "specialty"})


def normalise_metadata(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return `raw` with cleaned, JSON-ready values and without empty ones.

    authors, references and keywords become lists, year an int, identifiers text; `author` and `date` stand in for
    `authors` and `year`. Values nested deeper than MAX_DEPTH are dropped.
    """
    found = {clean_text(str(key)).strip().lower(): _plain(value) for key, value in raw.items()}
    found.setdefault("authors", found.pop("author", None))
    found["year"] = year_in(found.get("year") or found.get("date"))
    for key in _LISTS & found.keys():
        found[key] = _as_list(found[key], key)
    for key in _TEXTS & found.keys():
        found[key] = "" if found[key] is None else str(found[key])
    if found.get("doi"):
        found["doi"] = _DOI_LEAD.sub("", found["doi"])
    return {key: value for key, value in found.items() if key and value not in (None, "", [], {})}


def year_in(value: object) -> int | None:
    """Return the first year between 1500 and 2199 named in `value`."""
    match = _YEAR.search(str(value)) if value is not None else None
    return int(match.group()) if match else None


def _as_list(value: object, key: str) -> list[Any]:
    if value in (None, ""):
        return []
    if isinstance(value, list):
        return value
    if isinstance(value, str) and (key == "keywords" or ";" in value):
        return [part.strip() for part in re.split(r"[;,]" if key == "keywords" else ";", value) if part.strip()]
    return [value]


def _plain(value: object, depth: int = 0) -> Any:
    """Return `value` built from JSON's types only."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict() if depth < MAX_DEPTH:
            return {clean_text(str(key)): _plain(item, depth + 1) for key, item in value.items()}
        case list() | tuple() if depth < MAX_DEPTH:
            return [_plain(item, depth + 1) for item in value]
        case dict() | list() | tuple():
            return None
        case _:  # text, and dates in ISO 8601
            return clean_text(str(value)).strip()[:MAX_TEXT_CHARACTERS]
