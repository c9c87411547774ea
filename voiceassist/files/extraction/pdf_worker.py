"""Read words, rules and images of a PDF through PDFium and print them as JSON lines.

Runs as a program of its own (see `pdf`), with a limit on memory, processor time and output, so that a crash, a hang or
a huge allocation in the native library ends this process only. It imports nothing from the project.

Output, one object a line: {"page_count", "metadata"}, then for each page {"number", "bounds", "words", "rules",
"hidden", "failed"?}, then {"done": true}; or {"error": "encrypted" | "corrupt" | "too_many_pages"}.
A word is [text, x0, y0, x1, y1, baseline, size, bold, angle]: points, y upwards, turned so that it is horizontal.
"""

from __future__ import annotations

import ctypes
import json
import math
import resource
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

MAX_OUTPUT_BYTES = 512 * 1024 * 1024
MAX_CHARACTERS_A_PAGE = 200_000
MAX_OBJECTS_A_PAGE = 50_000
WHITE_FROM = 0xF0
MIN_VISIBLE_ALPHA = 16
MIN_VISIBLE_SIZE = 1.5
INVISIBLE_MODES = (3, 7)  # ISO 32000-1, table 106: neither fill nor stroke
OCR_IMAGE_SHARE = 0.5
BOLD_WEIGHT = 600
BOLD_NAMES = ("bold", "black", "heavy", "demi")
REGULAR_NAMES = ("regular", "roman", "book", "light", "medium")
LINE_END_HYPHEN = "\u2010"  # stands for PDFium's mark U+0002 / U+FFFE
# Fonts without a Unicode map for ligatures give the last letter only; the width of its box gives it away.
LIGATURES = {"i": ("fi", "ffi"), "l": ("fl", "ffl"), "f": ("ff", "ff"), "h": ("Th", "Th")}
LIGATURE_RATIO = 1.6
TRIPLE_RATIO = 3.2
WORD_GAP = 0.6  # of the font size

Box = tuple[float, float, float, float]


@dataclass(slots=True)
class Style:
    """How one text object is set. `angle` is a multiple of 90 degrees."""

    size: float
    font: str
    bold: bool
    angle: int
    mode: int
    white: bool
    clear: bool


@dataclass(slots=True)
class Glyph:
    text: str
    box: Box
    baseline: float
    style: Style
    marker: bool = False


@dataclass(slots=True)
class Surroundings:
    """What is drawn on a page besides text."""

    fills: list[Box]
    images: list[Box]
    rules: list[Box]


def main(path: str, max_pages: int, max_seconds: int, max_memory: int) -> None:
    """Print the content of the PDF at `path` within the given limits (pages, seconds, bytes)."""
    restrict(max_seconds, max_memory)
    try:
        document = pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        encrypted = getattr(error, "err_code", None) == pdfium_c.FPDF_ERR_PASSWORD or "password" in str(error).lower()
        _print({"error": "encrypted" if encrypted else "corrupt"})
        return
    if len(document) > max_pages:
        _print({"error": "too_many_pages", "page_count": len(document)})
        return
    if len(document) == 0:
        _print({"error": "corrupt"})
        return
    _print({"page_count": len(document), "metadata": document.get_metadata_dict(skip_empty=True)})
    for number in range(1, len(document) + 1):
        _print(_page(document, number))
    _print({"done": True})


def restrict(max_seconds: int, max_memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (max_seconds, max_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (max_memory, max_memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES))


def _print(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _page(document: pdfium.PdfDocument, number: int) -> dict[str, Any]:
    try:
        page = document[number - 1]
        try:
            return _read_page(page, number)
        finally:
            page.close()
    except (pdfium.PdfiumError, ValueError, OverflowError):
        return {
            "number": number,
            "width": 0,
            "height": 0,
            "words": [],
            "rules": [],
            "hidden": 0,
            "failed": True,
        }


def _read_page(page: pdfium.PdfPage, number: int) -> dict[str, Any]:
    left, bottom, right, top = page.get_cropbox()
    bounds = (left, bottom, right, top)
    surroundings = _surroundings(page)
    text_page = page.get_textpage()
    glyphs = list(_glyphs(text_page))
    has_scan = any(_area(_clip(image, bounds)) > OCR_IMAGE_SHARE * _area(bounds) for image in surroundings.images)
    visible = [glyph for glyph in glyphs if glyph.marker or _is_visible(glyph, bounds, surroundings, has_scan=has_scan)]
    restore_ligatures(visible)
    words = list(_words(visible))
    text_page.close()
    return {
        "number": number,
        "bounds": bounds,
        "words": words,
        "rules": [[round(value, 1) for value in rule] for rule in surroundings.rules],
        "hidden": len(glyphs) - len(visible),
    }


def _glyphs(text_page: pdfium.PdfTextPage) -> Iterator[Glyph]:
    """Yield characters in PDFium's order. Spaces and line ends come as markers without a box."""
    styles: dict[int, Style] = {}
    blank = Style(0, "", bold=False, angle=0, mode=0, white=False, clear=False)
    left, right, bottom, top, x, y = (ctypes.c_double() for _ in range(6))
    high = 0
    for index in range(min(text_page.count_chars(), MAX_CHARACTERS_A_PAGE)):
        code = pdfium_c.FPDFText_GetUnicode(text_page, index)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if 0xDC00 <= code < 0xE000 and high:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        text = LINE_END_HYPHEN if code in (0x2, 0xFFFE) else chr(code) if code else ""
        if not text or text.isspace():
            yield Glyph(text or " ", (0, 0, 0, 0), 0, blank, marker=True)
            continue
        if not pdfium_c.FPDFText_GetCharBox(text_page, index, left, right, bottom, top):
            continue
        pdfium_c.FPDFText_GetCharOrigin(text_page, index, x, y)
        style = _style(text_page, index, styles)
        box, baseline = turn((left.value, bottom.value, right.value, top.value), (x.value, y.value), style.angle)
        yield Glyph(text, box, baseline, style)


def turn(box: Box, origin: tuple[float, float], angle: int) -> tuple[Box, float]:
    """Return the box and baseline of text set at `angle` degrees as if it were set horizontally."""
    left, bottom, right, top = box
    x, y = origin
    if angle == 90:
        return (bottom, -right, top, -left), -x
    if angle == 180:
        return (-right, -top, -left, -bottom), -y
    if angle == 270:
        return (-top, left, -bottom, right), x
    return box, y


def _style(text_page: pdfium.PdfTextPage, index: int, known: dict[int, Style]) -> Style:
    handle = pdfium_c.FPDFText_GetTextObject(text_page, index)
    address = ctypes.cast(handle, ctypes.c_void_p).value or 0
    if address not in known or not address:
        known[address] = _measure_style(text_page, index, handle if address else None)
    return known[address]


def _measure_style(text_page: pdfium.PdfTextPage, index: int, handle: Any) -> Style:
    matrix = pdfium_c.FS_MATRIX()
    scale = 1.0
    if pdfium_c.FPDFText_GetMatrix(text_page, index, matrix):
        scale = math.hypot(matrix.c, matrix.d) or 1.0
    name, flags = ctypes.create_string_buffer(256), ctypes.c_int()
    pdfium_c.FPDFText_GetFontInfo(text_page, index, name, 256, flags)
    font = name.value.decode("utf-8", "replace").split("+")[-1]  # without the mark of a subset
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    painted = pdfium_c.FPDFText_GetFillColor(text_page, index, red, green, blue, alpha)
    mode = pdfium_c.FPDFTextObj_GetTextRenderMode(handle) if handle is not None else 0
    angle = round(math.degrees(pdfium_c.FPDFText_GetCharAngle(text_page, index)) / 90) * 90 % 360
    return Style(
        size=round(pdfium_c.FPDFText_GetFontSize(text_page, index) * scale, 2),
        font=font,
        bold=_is_bold(font, pdfium_c.FPDFText_GetFontWeight(text_page, index)),
        angle=(360 - angle) % 360,
        mode=mode,
        white=bool(painted) and min(red.value, green.value, blue.value) >= WHITE_FROM,
        clear=bool(painted) and alpha.value < MIN_VISIBLE_ALPHA,
    )


def _is_bold(font: str, weight: int) -> bool:
    """Trust the font's name before its weight, which PDFium guesses from the stem width."""
    lowered = font.lower()
    if any(word in lowered for word in BOLD_NAMES):
        return True
    return (weight >= BOLD_WEIGHT and not lowered) or (
        weight >= BOLD_WEIGHT and lowered.startswith("f") and lowered[1:].isdigit()
    )


def _is_visible(glyph: Glyph, bounds: Box, around: Surroundings, *, has_scan: bool) -> bool:
    """Tell whether a reader of the page sees the glyph (an OCR layer under a scan counts as seen).

    Not covered: text under an opaque shape, white text on a white image, colours close to a coloured ground.
    """
    style = glyph.style
    if style.mode in INVISIBLE_MODES:
        return has_scan
    if style.clear or style.size < MIN_VISIBLE_SIZE:
        return False
    if style.angle:
        return True
    x, y = (glyph.box[0] + glyph.box[2]) / 2, (glyph.box[1] + glyph.box[3]) / 2
    if not _holds(bounds, x, y):
        return False
    return not style.white or any(_holds(box, x, y) for box in (*around.fills, *around.images))


def restore_ligatures(glyphs: list[Glyph]) -> None:
    """Replace letters whose box is far too wide for them by the ligature that ends in them."""
    widths: dict[tuple[str, str], list[float]] = defaultdict(list)
    candidates = list(_ligature_candidates(glyphs))
    for glyph in candidates:
        widths[glyph.style.font, glyph.text].append((glyph.box[2] - glyph.box[0]) / glyph.style.size)
    usual = {key: statistics.median_low(values) for key, values in widths.items() if len(values) > 2}
    for glyph in candidates:
        normal = usual.get((glyph.style.font, glyph.text))
        if not normal:
            continue
        ratio = (glyph.box[2] - glyph.box[0]) / glyph.style.size / normal
        if ratio >= LIGATURE_RATIO:
            glyph.text = LIGATURES[glyph.text][ratio >= TRIPLE_RATIO]


def _ligature_candidates(glyphs: list[Glyph]) -> Iterator[Glyph]:
    """Yield letters that have a box of their own; those of a mapped ligature share one box."""
    for index, glyph in enumerate(glyphs):
        shared = any(
            other.box == glyph.box for other in (*glyphs[max(0, index - 1) : index], *glyphs[index + 1 : index + 2])
        )
        if glyph.text in LIGATURES and glyph.style.size and not shared:
            yield glyph


def _words(glyphs: list[Glyph]) -> Iterator[list[Any]]:
    word: list[Glyph] = []
    for glyph in glyphs:
        if glyph.marker or (word and _apart(word[-1], glyph)):
            if word:
                yield _word(word)
            word = []
        if not glyph.marker:
            word.append(glyph)
    if word:
        yield _word(word)


def _apart(before: Glyph, after: Glyph) -> bool:
    size = max(before.style.size, after.style.size, 1.0)
    gap = after.box[0] - before.box[2]
    return (
        before.style.angle != after.style.angle
        or abs(before.baseline - after.baseline) > size * 0.7
        or gap > size * WORD_GAP
        or gap < -size * 2
    )


def _word(glyphs: list[Glyph]) -> list[Any]:
    size = max(glyph.style.size for glyph in glyphs)
    largest = next(glyph for glyph in glyphs if glyph.style.size == size)
    bold = sum(glyph.style.bold for glyph in glyphs) * 2 > len(glyphs)
    box = (
        min(glyph.box[0] for glyph in glyphs),
        min(glyph.box[1] for glyph in glyphs),
        max(glyph.box[2] for glyph in glyphs),
        max(glyph.box[3] for glyph in glyphs),
    )
    text = "".join(glyph.text for glyph in glyphs)
    return [
        text,
        *(round(value, 1) for value in box),
        round(largest.baseline, 1),
        size,
        bold,
        largest.style.angle,
    ]


def _surroundings(page: pdfium.PdfPage) -> Surroundings:
    around = Surroundings([], [], [])
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    for index in range(min(pdfium_c.FPDFPage_CountObjects(page), MAX_OBJECTS_A_PAGE)):
        handle = pdfium_c.FPDFPage_GetObject(page, index)
        kind = pdfium_c.FPDFPageObj_GetType(handle)
        if kind == pdfium_c.FPDF_PAGEOBJ_TEXT or not pdfium_c.FPDFPageObj_GetBounds(handle, left, bottom, right, top):
            continue
        box = (left.value, bottom.value, right.value, top.value)
        if kind == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            around.images.append(box)
        elif kind == pdfium_c.FPDF_PAGEOBJ_PATH:
            _sort_path(handle, box, around)
        else:
            around.fills.append(box)
    return around


def _sort_path(handle: Any, box: Box, around: Surroundings) -> None:
    width, height = box[2] - box[0], box[3] - box[1]
    if height < 3 <= width or width < 3 <= height:
        around.rules.append(box)
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    mode, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium_c.FPDFPath_GetDrawMode(handle, mode, stroke)
    coloured = pdfium_c.FPDFPageObj_GetFillColor(handle, red, green, blue, alpha)
    white = coloured and min(red.value, green.value, blue.value) >= WHITE_FROM
    if mode.value and not white:
        around.fills.append(box)


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _clip(box: Box, bounds: Box) -> Box:
    return (max(box[0], bounds[0]), max(box[1], bounds[1]), min(box[2], bounds[2]), min(box[3], bounds[3]))


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
