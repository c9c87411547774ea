"""What extraction yields: titled documents made of pages, and blocks that point into a page's text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class BlockKind(StrEnum):
    """What a block is to its reader."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list_item"
    TABLE_ROW = "table_row"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a page's text.

    `start` and `end` are half-open character offsets into the text of the page. `level` is 1 for the highest
    heading and 0 for anything that is not a heading; for a list item it is the depth, from 1.
    `heading_path` holds the titles above the block, outermost first; a heading's own path includes itself.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    heading_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page as its reader sees it: paragraphs separated by a blank line. `number` counts from 1."""

    number: int
    text: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class ExtractedDocument:
    """A document read from a file.

    `metadata` holds only what was found, under these keys: authors (list of str), year (int), journal, volume,
    issue, pages, doi, pmid, url, language, kind, specialty, follows, demonstration, references (list), and notes of
    the reader such as unreadable_pages (list of int). `external_id` is the id that the source gives, or "".
    """

    title: str
    pages: tuple[Page, ...]
    metadata: dict[str, Any]
    external_id: str = ""
