"""The bibliographic lines above a source's page.

What is stored came out of files: any JSON value may stand in any field. What cannot be read as meant is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.bibliography import text_of as _text
from knowledge.bibliography import texts_of as _texts

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


def title_block(*, title: str, bibliography: Any, is_demonstration: bool = False) -> TitleBlock:
    """Build the title block; the keys of `bibliography` are those of files.document.ExtractedDocument."""
    facts = bibliography if isinstance(bibliography, Mapping) else {}
    authors = _authors(_texts(facts.get("authors")))
    published = _published(facts)
    return TitleBlock(
        title=title,
        authors=authors,
        published=published,
        year=_text(facts.get("year")) or _text(facts.get("reviewed"))[:4],
        follows=_follows(facts),
        links=tuple(_links(facts)),
        works=tuple(_works(facts.get("references"))),
        is_demonstration=is_demonstration or bool(facts.get("demonstration")),
        reference=_reference(title, authors, published, facts),
    )


def _follows(facts: Mapping[str, Any]) -> str:
    follows, reviewed = _text(facts.get("follows")), _text(facts.get("reviewed"))
    parts = (f"Follows {follows}" if follows else "", f"reviewed {reviewed}" if reviewed else "")
    return " · ".join(part for part in parts if part)


def _works(references: Any) -> Iterator[Work]:
    for reference in references if isinstance(references, list) else [references]:
        work = _work(reference) if isinstance(reference, Mapping) else Work(_text(reference), ())
        if work.reference or work.links:
            yield work


def _work(facts: Mapping[str, Any]) -> Work:
    others = ["et al."] if facts.get("et_al") else []
    authors = _authors([*_texts(facts.get("authors")), *others])
    return Work(_reference(_text(facts.get("title")), authors, _published(facts), {}), tuple(_links(facts)))


def _authors(names: Sequence[str]) -> str:
    return ", ".join([*names[:MAX_AUTHORS], *(["et al."] if len(names) > MAX_AUTHORS else [])])


def _published(facts: Mapping[str, Any]) -> str:
    """Return "Journal. Year;volume(issue):pages" as far as known (NLM, Citing Medicine, journal articles)."""
    journal, year, volume, issue, pages = (
        _text(facts.get(key)) for key in ("journal", "year", "volume", "issue", "pages")
    )
    where = volume + (f"({issue})" if issue else "") + (f":{pages}" if pages else "")
    when = ";".join(part for part in (year, where) if part)
    return ". ".join(part for part in (journal.rstrip("."), when) if part)


def _links(facts: Mapping[str, Any]) -> Iterator[Link]:
    doi, pmid, url = (_text(facts.get(key)) for key in ("doi", "pmid", "url"))
    if doi:
        yield Link(f"doi:{doi}", f"https://doi.org/{doi}")
    if pmid.isdecimal():
        yield Link(f"PMID {pmid}", f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/")
    if url.startswith(("https://", "http://")) and not (doi or pmid):
        yield Link(url.split("/")[2], url)


def _reference(title: str, authors: str, published: str, facts: Mapping[str, Any]) -> str:
    sentences = [authors, title, published]
    text = " ".join(f"{sentence.rstrip('.')}." for sentence in sentences if sentence)
    doi, pmid = _text(facts.get("doi")), _text(facts.get("pmid"))
    return f"{text} doi:{doi}" if doi else f"{text} PMID: {pmid}" if pmid else text
