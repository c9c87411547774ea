"""What is known of a source, read from JSON that came out of files: any value may stand in any field.

What cannot be read as meant is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Bibliography:
    """The bibliographic fields of the API. `publication_date` is as exact as it is known: a year, or a date."""

    authors: list[str] = field(default_factory=list)
    publication_date: str = ""
    year: int | None = None
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    url: str = ""


def read_bibliography(stored: Any) -> Bibliography:
    """Read `Document.bibliography`; its keys are those of files.document.ExtractedDocument."""
    facts = stored if isinstance(stored, Mapping) else {}
    date = text_of(facts.get("year")) or text_of(facts.get("reviewed"))
    return Bibliography(
        authors=texts_of(facts.get("authors")),
        publication_date=date,
        year=_year(date),
        url=_web_address(facts),
        **{name: text_of(facts.get(name)) for name in ("journal", "volume", "issue", "pages", "doi", "pmid")},
    )


def text_of(value: Any) -> str:
    """Return text or a number as text, "" for anything else."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def texts_of(value: Any) -> list[str]:
    """Return the texts in a list, or a lone text as a list of one."""
    return [text for item in (value if isinstance(value, list) else [value]) if (text := text_of(item))]


def _year(date: str) -> int | None:
    head = date[:4]
    return int(head) if len(head) == 4 and head.isascii() and head.isdecimal() else None


def _web_address(facts: Mapping[str, Any]) -> str:
    """Return the address of the work itself, never one that a browser would run."""
    url, doi, pmid = (text_of(facts.get(name)) for name in ("url", "doi", "pmid"))
    if url.startswith(("https://", "http://")):
        return url
    if doi:
        return f"https://doi.org/{doi}"
    return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid.isdecimal() else ""
