"""The bibliographic lines above a source's page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_AUTHORS = 6


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Work:
    """A published work that a source was drawn from."""

    reference: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class TitleBlock:
    """What stands above a source's page."""

    title: str
    authors: str
    published: str
    year: str
    follows: str
    links: tuple[Link, ...]
    works: tuple[Work, ...]
    is_demonstration: bool
    reference: str


def title_block(*, title: str, bibliography: Mapping[str, Any], is_demonstration: bool = False) -> TitleBlock:
    """Build the title block; the keys of `bibliography` are those of files.document.ExtractedDocument."""
    authors = _authors(bibliography.get("authors") or [])
    published = _published(bibliography)
    return TitleBlock(
        title=title,
        authors=authors,
        published=published,
        year=str(bibliography.get("year") or str(bibliography.get("reviewed") or "")[:4]),
        follows=_follows(bibliography),
        links=tuple(_links(bibliography)),
        works=tuple(_works(bibliography.get("references") or [])),
        is_demonstration=is_demonstration or bool(bibliography.get("demonstration")),
        reference=_reference(title, authors, published, bibliography),
    )


def _follows(bibliography: Mapping[str, Any]) -> str:
    follows, reviewed = bibliography.get("follows"), bibliography.get("reviewed")
    parts = (f"Follows {follows}" if follows else "", f"reviewed {reviewed}" if reviewed else "")
    return " · ".join(part for part in parts if part)


def _works(references: Iterable[Any]) -> Iterator[Work]:
    for reference in references:
        if not isinstance(reference, Mapping):
            yield Work(str(reference), ())
            continue
        others = ["et al."] if reference.get("et_al") else []
        authors = _authors([*(reference.get("authors") or []), *others])
        text = _reference(str(reference.get("title") or ""), authors, _published(reference), {})
        yield Work(text, tuple(_links(reference)))


def _authors(authors: Sequence[Any]) -> str:
    names = [str(author) for author in authors]
    return ", ".join(names[:MAX_AUTHORS] + (["et al."] if len(names) > MAX_AUTHORS else []))


def _published(bibliography: Mapping[str, Any]) -> str:
    """Return "Journal. Year;volume(issue):pages" as far as known (NLM, Citing Medicine, journal articles)."""
    journal, year, volume, issue, pages = (
        str(bibliography.get(key) or "") for key in ("journal", "year", "volume", "issue", "pages")
    )
    where = volume + (f"({issue})" if issue else "") + (f":{pages}" if pages else "")
    when = ";".join(part for part in (year, where) if part)
    return ". ".join(part for part in (journal.rstrip("."), when) if part)


def _links(bibliography: Mapping[str, Any]) -> Iterator[Link]:
    doi, pmid, url = (str(bibliography.get(key) or "") for key in ("doi", "pmid", "url"))
    if doi:
        yield Link(f"doi:{doi}", f"https://doi.org/{doi}")
    if pmid.isdecimal():
        yield Link(f"PMID {pmid}", f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/")
    if url.startswith(("https://", "http://")) and not (doi or pmid):
        yield Link(url.split("/")[2], url)


def _reference(title: str, authors: str, published: str, bibliography: Mapping[str, Any]) -> str:
    sentences = [authors, title, published]
    text = " ".join(f"{sentence.rstrip('.')}." for sentence in sentences if sentence)
    doi, pmid = bibliography.get("doi"), bibliography.get("pmid")
    return f"{text} doi:{doi}" if doi else f"{text} PMID: {pmid}" if pmid else text
