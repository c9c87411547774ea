"""DOCX (Office Open XML, ECMA-376) through python-docx, with its archive checked first."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from lxml import etree

from voiceassist.files.document import BlockKind, ExtractedDocument, Page
from voiceassist.files.errors import CorruptFile, EncryptedFile, FileTooLarge, NoTextFound, TooManyPages
from voiceassist.files.extraction.building import PageBuilder
from voiceassist.files.extraction.cleaning import clean_line, clean_text
from voiceassist.files.extraction.metadata import normalise_metadata
from voiceassist.files.extraction.text import title_from_name
from voiceassist.files.limits import MEGABYTE, Limits

MAX_MEMBERS = 5000
MAX_RATIO = 200  # unpacked to packed, for members above a megabyte
MAX_DEPTH = 20
MIN_VISIBLE_HALF_POINTS = 3
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HEADING_STYLE = re.compile(r"heading\s*(\d)", re.IGNORECASE)
_LIST_STYLE = re.compile(r"list\s*(bullet|number|paragraph)?\s*(\d)?", re.IGNORECASE)
# Containers whose content is part of the text.
_TRANSPARENT = frozenset(
    qn(tag) for tag in ("w:sdt", "w:sdtContent", "w:ins", "w:smartTag", "w:customXml", "w:hyperlink", "w:fldSimple")
)


def read_docx(path: Path, *, name: str, limits: Limits) -> Iterator[ExtractedDocument]:
    """Yield the one document in a DOCX file: a page for each explicit page break, otherwise one page.

    Left out: hidden and deleted text, headers and footers, comments, foot- and endnotes, text boxes. Each row of a
    table is a line of cells parted by tabs; the first row also stands as the last title over the rows below it.
    Raises CorruptFile, EncryptedFile, FileTooLarge, NoTextFound, TooManyPages.
    """
    macros = check_archive(path, name=name, limits=limits)
    try:
        source = docx.Document(str(path))
        walker = _Walker(source)
        walker.walk(source.element.body)
    except (
        OpcError,
        KeyError,
        ValueError,
        AttributeError,
        TypeError,
        etree.XMLSyntaxError,
        zipfile.BadZipFile,
    ) as error:
        raise CorruptFile(name) from error
    except (RecursionError, zlib.error, OSError) as error:
        raise CorruptFile(name) from error
    pages = walker.builder.finish()
    if len(pages) > limits.max_pages:
        raise TooManyPages(name)
    if not any(page.text for page in pages):
        raise NoTextFound(name)
    metadata = _metadata(source, hidden=walker.hidden, macros=macros)
    yield ExtractedDocument(
        title=walker.title or _title(source, pages) or title_from_name(name), pages=pages, metadata=metadata
    )


def check_archive(path: Path, *, name: str, limits: Limits) -> bool:
    """Refuse archives that are no Word document, unpack without bound, or declare a document type.

    Return whether the file carries macros (they are never run).
    Raises CorruptFile, EncryptedFile, FileTooLarge.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(members, name=name, limits=limits)
            for member in members:
                if member.filename.lower().endswith((".xml", ".rels")):
                    _refuse_doctype(archive.read(member), name)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, UnicodeError) as error:
        raise CorruptFile(name) from error
    return any(member.filename.lower().endswith("vbaproject.bin") for member in members)


def _check_members(members: list[zipfile.ZipInfo], *, name: str, limits: Limits) -> None:
    names = {member.filename for member in members}
    if "[Content_Types].xml" not in names or not any(re.fullmatch(r"word/document\d*\.xml", part) for part in names):
        raise CorruptFile(name, "is named .docx but holds no Word document")
    if any(member.flag_bits & 1 for member in members):
        raise EncryptedFile(name)
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > limits.max_unpacked_bytes:
        raise FileTooLarge(name, "is larger than allowed once unpacked")
    for member in members:
        if member.file_size > MEGABYTE and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            raise FileTooLarge(name, "is packed far more tightly than a real document")


def _refuse_doctype(part: bytes, name: str) -> None:
    """Office Open XML forbids document type declarations (ECMA-376 part 2, 9.1.4); attacks need them."""
    plain = part.replace(b"\x00", b"")  # UTF-16 as well
    if _DOCTYPE.search(plain):
        raise CorruptFile(name, "declares XML entities, which Word documents never do")


class _Styles:
    """What paragraph and character styles imply, through their ancestors."""

    def __init__(self, source: Any) -> None:
        try:
            elements = source.styles.element.findall(qn("w:style"))
        except (KeyError, AttributeError):
            elements = []
        self._by_id = {element.get(qn("w:styleId")): element for element in elements}

    def lineage(self, style_id: str | None) -> Iterator[Any]:
        for _ in range(MAX_DEPTH):
            element = self._by_id.get(style_id)
            if element is None:
                return
            yield element
            style_id = _value(element.find(qn("w:basedOn")))

    def names(self, style_id: str | None) -> list[str]:
        return [_value(element.find(qn("w:name"))) or "" for element in self.lineage(style_id)] or [style_id or ""]

    def find(self, style_id: str | None, path: str) -> Any:
        for element in self.lineage(style_id):
            found = element.find(path)
            if found is not None:
                return found
        return None


class _Numbering:
    """List markers: bullets, or running numbers by list and depth."""

    def __init__(self, source: Any) -> None:
        self._formats: dict[tuple[str, int], str] = {}
        self._counts: dict[str, list[int]] = defaultdict(lambda: [0] * 10)
        try:
            root = source.part.numbering_part.element
        except (KeyError, NotImplementedError, AttributeError):
            return
        abstract = {item.get(qn("w:abstractNumId")): item for item in root.findall(qn("w:abstractNum"))}
        for number in root.findall(qn("w:num")):
            definition = abstract.get(_value(number.find(qn("w:abstractNumId"))))
            if definition is None:
                continue
            for level in definition.findall(qn("w:lvl")):
                depth = int(level.get(qn("w:ilvl")) or 0)
                self._formats[number.get(qn("w:numId")), depth] = _value(level.find(qn("w:numFmt"))) or "bullet"

    def marker(self, list_id: str, depth: int) -> str:
        counts = self._counts[list_id]
        counts[depth] += 1
        counts[depth + 1 :] = [0] * (9 - depth)
        match self._formats.get((list_id, depth), "bullet"):
            case "decimal" | "decimalZero" | "ordinal":
                return f"{counts[depth]}."
            case "lowerLetter" | "upperLetter" as letters:
                sign = _letters(counts[depth])
                return f"{sign.upper() if letters.startswith('upper') else sign}."
            case "lowerRoman" | "upperRoman" as numerals:
                sign = _roman(counts[depth])
                return f"{sign.upper() if numerals.startswith('upper') else sign}."
            case "none":
                return ""
            case _:
                return "•"


class _Walker:
    """Walks the body and writes what a reader sees."""

    def __init__(self, source: Any) -> None:
        self.builder = PageBuilder()
        self.title = ""
        self.hidden = False
        self._styles = _Styles(source)
        self._numbering = _Numbering(source)

    def walk(self, container: Any, depth: int = 0) -> None:
        for child in container:
            if child.tag == qn("w:p"):
                self._paragraph(child)
            elif child.tag == qn("w:tbl"):
                self._table(child)
            elif child.tag in _TRANSPARENT and depth < MAX_DEPTH:
                self.walk(child, depth + 1)

    def _paragraph(self, element: Any) -> None:
        if element.find(f"{qn('w:pPr')}/{qn('w:pageBreakBefore')}") is not None and self.builder.has_text:
            self.builder.end_page()
        for index, text in enumerate(self._text(element).split("\f")):
            if index and self.builder.has_text:
                self.builder.end_page()
            if text.strip():
                self._write(element, clean_text(text).strip())

    def _write(self, element: Any, text: str) -> None:
        style_id = _value(element.find(f"{qn('w:pPr')}/{qn('w:pStyle')}"))
        names = self._styles.names(style_id)
        level = self._heading_level(element, style_id, names)
        if level:
            if names[0].lower() == "title" and not self.title:
                self.title = clean_line(text)
            self.builder.heading(text, level)
            return
        listed = self._list_place(element, style_id, names)
        if listed is not None:
            list_id, depth = listed
            self.builder.list_item(text, marker=self._numbering.marker(list_id, depth), level=depth + 1)
        else:
            self.builder.paragraph(text)

    def _heading_level(self, element: Any, style_id: str | None, names: list[str]) -> int:
        """Return 1 to 9 for headings, by style name or outline level; 0 for anything else."""
        if names[0].lower() == "title":
            return 1
        for name in names:
            if match := _HEADING_STYLE.fullmatch(name.strip()):
                return max(1, int(match[1]))
        outline = element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if outline is None:
            outline = self._styles.find(style_id, f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        value = int(_value(outline) or 9)
        return value + 1 if value < 9 else 0

    def _list_place(self, element: Any, style_id: str | None, names: list[str]) -> tuple[str, int] | None:
        numbered = element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        if numbered is None:
            numbered = self._styles.find(style_id, f"{qn('w:pPr')}/{qn('w:numPr')}")
        if numbered is not None:
            list_id = _value(numbered.find(qn("w:numId"))) or "0"
            depth = int(_value(numbered.find(qn("w:ilvl"))) or 0)
            return None if list_id == "0" else (list_id, min(max(depth, 0), 8))
        match = _LIST_STYLE.fullmatch(names[0].strip())
        return (names[0], int(match[2] or 1) - 1) if match and match[1] in {"Bullet", "Number"} else None

    def _table(self, table: Any) -> None:
        self.builder.end_table()
        rows = [self._cells(row) for row in table.iter(qn("w:tr")) if _owner(row, qn("w:tbl")) is table]
        rows = [row for row in rows if any(row)]
        if len(rows) > 1 and len(rows[0]) > 1 and all(rows[0][1:]):
            self.builder.table_header(rows[0])
            rows = rows[1:]
        for row in rows:
            self.builder.table_row(row)
        self.builder.end_table()

    def _cells(self, row: Any) -> list[str]:
        """Return the texts of a row; a cell merged with the one above stays empty."""
        cells: list[str] = []
        for cell in row.iter(qn("w:tc")):
            if _owner(cell, qn("w:tr")) is not row:
                continue
            merge = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
            goes_on = merge is not None and (_value(merge) or "continue") == "continue"
            texts = [] if goes_on else [self._text(paragraph) for paragraph in cell.iter(qn("w:p"))]
            cells.append(clean_line(" ".join(texts)))
            span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
            cells.extend([""] * (min(int(_value(span) or 1), 100) - 1))
        return cells

    def _text(self, paragraph: Any) -> str:
        style_id = _value(paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}"))
        parts: list[str] = []
        self._collect(paragraph, parts, style_id, in_table=_owner(paragraph, qn("w:tc")) is not None, depth=0)
        return "".join(parts)

    def _collect(self, container: Any, parts: list[str], style_id: str | None, *, in_table: bool, depth: int) -> None:
        for child in container:
            if child.tag == qn("w:r"):
                text = _run_text(child)
                if text.strip() and self._is_hidden(child, style_id, in_table=in_table):
                    self.hidden = True
                else:
                    parts.append(text)
            elif child.tag in _TRANSPARENT and depth < MAX_DEPTH:
                self._collect(child, parts, style_id, in_table=in_table, depth=depth + 1)

    def _is_hidden(self, run: Any, style_id: str | None, *, in_table: bool) -> bool:
        """Tell whether a run cannot be seen: marked hidden, too small, or white outside tables and shading."""
        if _is_on(self._run_property(run, style_id, "w:vanish")):
            return True
        size = _value(self._run_property(run, style_id, "w:sz"))
        if size and size.isdigit() and int(size) < MIN_VISIBLE_HALF_POINTS:
            return True
        color = (_value(self._run_property(run, style_id, "w:color")) or "").upper()
        if in_table or color != "FFFFFF":
            return False
        shading = self._run_property(run, style_id, "w:shd")
        paragraph = _owner(run, qn("w:p"))
        own = paragraph.find(f"{qn('w:pPr')}/{qn('w:shd')}") if paragraph is not None else None
        return shading is None and own is None

    def _run_property(self, run: Any, style_id: str | None, tag: str) -> Any:
        own = run.find(f"{qn('w:rPr')}/{qn(tag)}")
        if own is not None:
            return own
        run_style = _value(run.find(f"{qn('w:rPr')}/{qn('w:rStyle')}"))
        for style in (run_style, style_id):
            found = self._styles.find(style, f"{qn('w:rPr')}/{qn(tag)}") if style else None
            if found is not None:
                return found
        return None


def _run_text(run: Any) -> str:
    parts: list[str] = []
    for child in run:
        if child.tag == qn("w:t"):
            parts.append((child.text or "").replace("\f", " "))
        elif child.tag == qn("w:tab"):
            parts.append(" ")
        elif child.tag == qn("w:noBreakHyphen"):
            parts.append("-")
        elif child.tag == qn("w:cr"):
            parts.append("\n")
        elif child.tag == qn("w:br"):
            parts.append("\f" if child.get(qn("w:type")) == "page" else "\n")
    return "".join(parts)


def _is_on(element: Any) -> bool:
    return element is not None and (_value(element) or "true").lower() not in {"0", "false", "off"}


def _value(element: Any) -> str | None:
    return None if element is None else element.get(qn("w:val"))


def _owner(element: Any, tag: str) -> Any:
    return next(element.iterancestors(tag), None)


def _letters(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


def _roman(number: int) -> str:
    pairs = [(10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")]
    text = ""
    for value, sign in pairs:
        while number >= value:
            text, number = text + sign, number - value
    return text


def _title(source: Any, pages: tuple[Page, ...]) -> str:
    embedded = clean_line(source.core_properties.title or "")
    if len(embedded) > 3 and "_" not in embedded and not embedded.lower().startswith(("word document", "microsoft")):
        return embedded
    for page in pages:
        for block in page.blocks:
            if block.kind is BlockKind.HEADING:
                return page.text[block.start : block.end]
    return ""


def _metadata(source: Any, *, hidden: bool, macros: bool) -> dict[str, Any]:
    properties = source.core_properties
    author = clean_line(properties.author or "")
    return normalise_metadata(
        {
            "authors": [] if author.lower() in {"", "python-docx", "user", "unknown"} else author,
            "language": properties.language or None,
            "keywords": properties.keywords or None,
            "hidden_text": hidden or None,
            "macros": macros or None,
        }
    )
