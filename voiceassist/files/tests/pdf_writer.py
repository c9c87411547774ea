"""A tiny PDF writer for tests: Helvetica, text at a place, rules, no compression."""

from dataclasses import dataclass, field

PAGE_WIDTH, PAGE_HEIGHT = 612, 792


@dataclass
class PdfPage:
    operators: list[str] = field(default_factory=list)

    def text(self, x, y, text, *, size=10, bold=False, mode=0, grey=0.0):
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        font = "F2" if bold else "F1"
        self.operators.append(f"BT /{font} {size} Tf {grey} g {mode} Tr 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET")
        return self

    def lines(self, x, y, lines, *, pitch=12, **style):
        for index, line in enumerate(lines):
            self.text(x, y - index * pitch, line, **style)
        return self

    def rule(self, x0, y0, x1, y1):
        self.operators.append(f"0 G {x0} {y0} m {x1} {y1} l S")
        return self

    def box(self, x, y, width, height, *, grey):
        self.operators.append(f"{grey} g {x} {y} {width} {height} re f")
        return self


def pdf_bytes(*pages, title="", extra_catalog=""):
    """Return a PDF with these pages, fonts F1 (Helvetica) and F2 (bold), WinAnsi encoded."""
    objects = {
        1: f"<</Type/Catalog/Pages 2 0 R{extra_catalog}>>".encode(),
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        4: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
        5: f"<</Title({title})>>".encode("cp1252"),
    }
    kids = []
    for page in pages:
        number = max(6, max(objects) + 1)
        content = "\n".join(page.operators).encode("cp1252")
        objects[number] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {PAGE_WIDTH} {PAGE_HEIGHT}]/Contents {number + 1} 0 R"
            "/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>>>"
        ).encode()
        objects[number + 1] = b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)
        kids.append(f"{number} 0 R")
    objects[2] = f"<</Type/Pages/Kids[{' '.join(kids)}]/Count {len(kids)}>>".encode()
    return _assembled(objects)


def _assembled(objects):
    data, offsets = b"%PDF-1.7\n", {}
    for number in sorted(objects):
        offsets[number] = len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, objects[number])
    start, size = len(data), max(objects) + 1
    data += b"xref\n0 %d\n0000000000 65535 f \n" % size
    data += b"".join(b"%010d 00000 n \n" % offsets[number] for number in range(1, size))
    return data + b"trailer<</Size %d/Root 1 0 R/Info 5 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
