"""PubMed XML (PubmedArticleSet, NLM DTD of 2019 and later), packed or not, one article at a time."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from lxml import etree

from voiceassist.files.document import ExtractedDocument
from voiceassist.files.errors import BadRow, CorruptFile, FileTooLarge, NoTextFound
from voiceassist.files.extraction.building import PageBuilder
from voiceassist.files.extraction.cleaning import clean_line
from voiceassist.files.extraction.jsonl import open_maybe_packed
from voiceassist.files.extraction.metadata import normalise_metadata, year_in
from voiceassist.files.limits import Limits

ARTICLE_TAGS = ("PubmedArticle", "PubmedBookArticle")


def read_pubmed(
    path: Path, *, name: str, limits: Limits, on_bad_row: Callable[[BadRow], None] | None = None
) -> Iterator[ExtractedDocument]:
    """Yield one document an article, holding one article in memory.

    Entities are never resolved, no DTD is loaded and nothing is fetched; a file that declares entities of its own is
    refused. An article without a title and an abstract is a BadRow, treated as in `read_jsonl`.
    Raises CorruptFile, FileTooLarge, NoTextFound.
    """
    found = False
    for article in _articles(path, name=name, limits=limits):
        try:
            document = _document(article, name=name)
        except BadRow as error:
            if on_bad_row is None:
                raise
            on_bad_row(error)
        else:
            found = True
            yield document
    if not found:
        raise NoTextFound(name)


def _articles(path: Path, *, name: str, limits: Limits) -> Iterator[etree._Element]:
    with open_maybe_packed(path, name=name) as file:
        source = _Bounded(file, name=name, limit=limits.max_bulk_unpacked_bytes)
        events = etree.iterparse(
            source,
            events=("start", "end"),
            resolve_entities=False,
            load_dtd=False,
            dtd_validation=False,
            no_network=True,
            huge_tree=False,
        )
        try:
            for event, element in events:
                if event == "start":
                    if element.getparent() is None:
                        _refuse_entities(element, name)
                elif element.tag in ARTICLE_TAGS:
                    yield element
                    _forget(element)
        except etree.XMLSyntaxError as error:
            raise CorruptFile(name, f"is not well-formed XML at line {error.lineno}") from error
        except (EOFError, OSError, zlib.error) as error:
            raise CorruptFile(name) from error


def _refuse_entities(root: etree._Element, name: str) -> None:
    subset = root.getroottree().docinfo.internalDTD
    if subset is not None and any(True for _entity in subset.iterentities()):
        raise CorruptFile(name, "declares XML entities, which PubMed files never do")


def _forget(element: etree._Element) -> None:
    """Free an article and what came before it (constant memory)."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Bounded:
    """A stream that refuses to give more than `limit` bytes."""

    def __init__(self, file: _Readable, *, name: str, limit: int) -> None:
        self._file = file
        self._name = name
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise FileTooLarge(self._name, "is larger than allowed once unpacked")
        return data


def _document(article: etree._Element, *, name: str) -> ExtractedDocument:
    title = _text(article.find(".//ArticleTitle")) or _text(article.find(".//BookTitle"))
    title = title.removeprefix("[").removesuffix("]") if title.startswith("[") and title.endswith("]") else title
    sections = [(part.get("Label", ""), _text(part)) for part in article.iterfind(".//Abstract/AbstractText")]
    if not title and not any(body for _label, body in sections):
        raise BadRow(name, article.sourceline or 0, "it has neither a title nor an abstract")
    pmid = _text(article.find(".//PMID"))
    builder = PageBuilder()
    for label, body in sections:
        if body and label and label.upper() != "UNLABELLED":
            builder.heading(_sentence_case(clean_line(label)), 1)
        builder.paragraph(body)
    if not builder.has_text:
        builder.paragraph(title)
    return ExtractedDocument(
        title=title.removesuffix(".") or f"PubMed {pmid}",
        pages=builder.finish(),
        metadata=_metadata(article, pmid),
        external_id=pmid,
    )


def _metadata(article: etree._Element, pmid: str) -> dict[str, Any]:
    types = [_text(element) for element in article.iterfind(".//PublicationTypeList/PublicationType")]
    types = types or [_text(element) for element in article.iterfind(".//PublicationType")]
    return normalise_metadata(
        {
            "authors": [author for author in map(_author, article.iterfind(".//AuthorList[1]/Author")) if author],
            "year": _year(article),
            "journal": _text(article.find(".//Journal/ISOAbbreviation")) or _text(article.find(".//Journal/Title")),
            "volume": _text(article.find(".//JournalIssue/Volume")),
            "issue": _text(article.find(".//JournalIssue/Issue")),
            "pages": _text(article.find(".//Pagination/MedlinePgn")),
            "doi": _doi(article),
            "pmid": pmid,
            "url": f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid else "",
            "language": _text(article.find(".//Language")),
            "publication_types": types,
            "retracted": True if "Retracted Publication" in types else None,
        }
    )


def _author(author: etree._Element) -> str:
    """Return "Family IN Suffix" as in a Vancouver reference, or the name of the group."""
    if collective := _text(author.find("CollectiveName")):
        return collective
    parts = [_text(author.find(tag)) for tag in ("LastName", "Initials", "Suffix")]
    return " ".join(part for part in parts if part)


def _year(article: etree._Element) -> int | None:
    for path in (".//JournalIssue/PubDate", ".//Book/PubDate", ".//ArticleDate"):
        dated = article.find(path)
        if dated is not None and (year := year_in(_text(dated.find("Year")) or _text(dated.find("MedlineDate")))):
            return year
    return None


def _doi(article: etree._Element) -> str:
    for path in (
        ".//Article/ELocationID[@EIdType='doi']",
        "./PubmedData/ArticleIdList/ArticleId[@IdType='doi']",
    ):
        if doi := _text(article.find(path)):
            return doi
    return ""


def _text(element: etree._Element | None) -> str:
    """Return all text inside, without unresolved entities."""
    if element is None:
        return ""
    return clean_line("".join(text for text in element.itertext(etree.Element) if isinstance(text, str)))


def _sentence_case(label: str) -> str:
    return label.capitalize() if label.isupper() and " " not in label[:1] else label
