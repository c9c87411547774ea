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
class _Run:
    """Sentences that are being gathered into one chunk."""

    heading_path: tuple[str, ...] = ()
    spans: list[Span] = field(default_factory=list)
    tokens: int = 0


def chunk_page(page: Page, count_tokens: TokenCount) -> Iterator[Chunk]:
    """Yield the page's passages in reading order. Headings alone and reference lists yield none."""
    run = _Run()
    for block, span in _sentences(page):
        tokens = count_tokens(page.text[span[0] : span[1]])
        if run.spans and (block.heading_path != run.heading_path or run.tokens + tokens > TARGET_TOKENS):
            yield _chunk(page, run)
            run = _Run()
        run.heading_path = block.heading_path
        run.spans.append(span)
        run.tokens += tokens
    if run.spans:
        yield _chunk(page, run)


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


def _chunk(page: Page, run: _Run) -> Chunk:
    start, end = run.spans[0][0], run.spans[-1][1]
    sentences = tuple((first - start, last - start) for first, last in run.spans)
    return Chunk(page.number, start, end, run.heading_path, sentences)
