"""Cut what has no pages of its own, or very long ones, into pages of a size that can be shown and indexed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from voiceassist.files.document import Block, BlockKind

MAX_CHARACTERS = 12_000  # of one page
_BREAKS = ("\n", ". ", " ")

PageContent = tuple[str, tuple[Block, ...]]


def cut_page(text: str, blocks: Sequence[Block]) -> Iterator[PageContent]:
    """Yield a page whole if it is short enough, else in parts that end between blocks, preferably before a heading.

    No block is lost, only blank lines between two parts are. A block that is longer than a page gets one of its own.
    """
    first = start = 0
    while blocks and blocks[-1].end - start > MAX_CHARACTERS and first < len(blocks) - 1:
        past = _end_of_page(blocks, first, start)
        end = blocks[past - 1].end
        yield text[start:end], _shifted(blocks[first:past], start)
        first, start = past, _next_start(text, end)
    yield text[start:], _shifted(blocks[first:], start)


def cut_text(text: str) -> Iterator[str]:
    """Yield a text whole if a page can hold it, else in parts that end after a line, a sentence or a word."""
    while len(text) > MAX_CHARACTERS:
        end = _break_in(text)
        yield text[:end].rstrip()
        text = text[end:].lstrip()
    if text:
        yield text


def _end_of_page(blocks: Sequence[Block], first: int, start: int) -> int:
    """Return the index past the last block of the page that begins at `start` with block `first`."""
    past = first + 1
    while blocks[past].end - start <= MAX_CHARACTERS:
        past += 1
    for place in range(past, first, -1):
        if blocks[place - 1].end - start < MAX_CHARACTERS // 2:
            break
        if _begins_section(blocks, place):
            return place
    while past > first + 1 and blocks[past - 1].kind is BlockKind.HEADING:
        past -= 1
    return past


def _begins_section(blocks: Sequence[Block], place: int) -> bool:
    return blocks[place].kind is BlockKind.HEADING and blocks[place - 1].kind is not BlockKind.HEADING


def _shifted(blocks: Sequence[Block], by: int) -> tuple[Block, ...]:
    return tuple(replace(block, start=block.start - by, end=block.end - by) for block in blocks)


def _next_start(text: str, end: int) -> int:
    """Return where the next part begins: after the blank lines, before a list marker."""
    while text[end] == "\n":
        end += 1
    return end


def _break_in(text: str) -> int:
    """Return where to cut: after the last line, sentence or word in the later half of a page's length."""
    for sign in _BREAKS:
        found = text.rfind(sign, MAX_CHARACTERS // 2, MAX_CHARACTERS)
        if found >= 0:
            return found + len(sign)
    return MAX_CHARACTERS
