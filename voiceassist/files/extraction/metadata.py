"""Bibliographic facts about a document, in one form whatever the source."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from voiceassist.files.extraction.cleaning import clean_text

MAX_DEPTH = 6
MAX_TEXT_CHARACTERS = 20_000
MAX_FIELD_CHARACTERS = 1000
MAX_ITEMS = 1000  # of one list or mapping
MAX_INTEGER = 2**63
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d|21\d\d)(?!\d)")
_DOI_LEAD = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
_LISTS = frozenset({"authors", "keywords", "publication_types"})
_TEXTS = frozenset(
    {"title", "journal", "volume", "issue", "pages", "doi", "pmid", "url", "language", "kind", "specialty"}
    | {"follows", "reviewed"}
)


def normalise_metadata(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return `raw` with cleaned, JSON-ready values and without empty ones.

    authors and keywords become lists of texts, references a list of mappings normalised alike, year an int,
    identifiers text; `author` and `date` stand in for `authors` and `year`. Values nested deeper than MAX_DEPTH, and
    what does not fit its key, are dropped.
    """
    found = {_key(key).strip().lower(): _plain(value) for key, value in islice(raw.items(), MAX_ITEMS)}
    found.setdefault("authors", found.pop("author", None))
    found["year"] = year_in(found.get("year")) or year_in(found.get("date"))
    for key in _LISTS & found.keys():
        found[key] = _as_list(found[key], key)
    for key in _TEXTS & found.keys():
        found[key] = _text(found[key])
    found["references"] = _references(found.get("references"))
    if found.get("doi"):
        found["doi"] = _DOI_LEAD.sub("", found["doi"])
    return {key: value for key, value in found.items() if key and value not in (None, "", [], {})}


def year_in(value: object) -> int | None:
    """Return the first year between 1500 and 2199 named in `value`."""
    match = _YEAR.search(str(value)) if value is not None else None
    return int(match.group()) if match else None


def _as_list(value: object, key: str) -> list[str]:
    items = re.split(r"[;,]" if key == "keywords" else ";", value) if isinstance(value, str) else value
    if not isinstance(items, list):
        return []
    return [item.strip()[:MAX_FIELD_CHARACTERS] for item in items if isinstance(item, str) and item.strip()]


def _references(value: object) -> list[dict[str, Any]]:
    """Return works as mappings; a work that is given as one text has it for its title."""
    works = [{"title": work} if isinstance(work, str) else work for work in value] if isinstance(value, list) else []
    shaped = [normalise_metadata({**work, "references": None}) for work in works if isinstance(work, Mapping)]
    return [work for work in shaped if work]


def _text(value: object) -> str:
    is_text = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value)[:MAX_FIELD_CHARACTERS] if is_text else ""


def _key(key: object) -> str:
    return clean_text(str(key))[:MAX_FIELD_CHARACTERS]


def _plain(value: object, depth: int = 0) -> Any:
    """Return `value` built from JSON's types only."""
    match value:
        case None | bool() | int() if abs(value or 0) < MAX_INTEGER:
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict() if depth < MAX_DEPTH:
            return {_key(key): _plain(item, depth + 1) for key, item in islice(value.items(), MAX_ITEMS)}
        case list() | tuple() if depth < MAX_DEPTH:
            return [_plain(item, depth + 1) for item in value[:MAX_ITEMS]]
        case int() | dict() | list() | tuple():
            return None
        case _:  # text, and dates in ISO 8601
            return clean_text(str(value)).strip()[:MAX_TEXT_CHARACTERS]
