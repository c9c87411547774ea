"""Cut a page into passages: runs of whole sentences under one heading, short enough for the embedding model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from voiceassist.evidence.sentences import Span, sentence_spans
from voiceassist.files.document import Block, BlockKind, Page

CHUNKER_VERSION = 1
TARGET_TOKENS = 210  # word pieces; leaves room for the title within the model's 256
TokenCount = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage to be: half-open offsets into the page's text, and of its sentences into the passage's text."""

    page_number: int
    start: int
    end: int
    heading_path: tuple[str, ...]
    sentences: tuple[Span, ...]


@dataclass(slots=True)
class _Section:
    """The sentences under one heading, with their lengths in tokens."""

    heading_path: tuple[str, ...]
    spans: list[Span] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)


def chunk_page(page: Page, count_tokens: TokenCount) -> Iterator[Chunk]:
    """Yield the page's passages in reading order. Headings alone and reference lists yield none.

    A section that is too long for one passage is cut into passages of about the same length.
    """
    for section in _sections(page, count_tokens):
        for spans in _balanced(section):
            yield _chunk(page, section.heading_path, spans)


def _sections(page: Page, count_tokens: TokenCount) -> Iterator[_Section]:
    section: _Section | None = None
    for block, span in _sentences(page):
        if section is None or block.heading_path != section.heading_path:
            if section is not None:
                yield section
            section = _Section(block.heading_path)
        section.spans.append(span)
        section.tokens.append(count_tokens(page.text[span[0] : span[1]]))
    if section is not None:
        yield section


def _balanced(section: _Section) -> Iterator[list[Span]]:
    """Cut a section after the sentence that comes nearest to an equal share, never above the target."""
    total = sum(section.tokens)
    share = total / max(1, -(-total // TARGET_TOKENS))
    spans: list[Span] = []
    length = 0
    for span, tokens in zip(section.spans, section.tokens, strict=True):
        if spans and (length + tokens > TARGET_TOKENS or length + tokens / 2 > share):
            yield spans
            spans, length = [], 0
        spans.append(span)
        length += tokens
    if spans:
        yield spans


def _sentences(page: Page) -> Iterator[tuple[Block, Span]]:
    for block in page.blocks:
        if block.kind in (BlockKind.HEADING, BlockKind.REFERENCE):
            continue
        for start, end in _block_sentences(page.text[block.start : block.end], block.kind):
            yield block, (block.start + start, block.start + end)


def _block_sentences(text: str, kind: BlockKind) -> Sequence[Span]:
    """Keep a table row whole; split everything else."""
    if kind == BlockKind.TABLE_ROW:
        return [(0, len(text))] if text.strip() else []
    return sentence_spans(text)


def _chunk(page: Page, heading_path: tuple[str, ...], spans: Sequence[Span]) -> Chunk:
    start, end = spans[0][0], spans[-1][1]
    sentences = tuple((first - start, last - start) for first, last in spans)
    return Chunk(page.number, start, end, heading_path, sentences)
