import os
from pathlib import Path

import pytest

from voiceassist.files.extraction import Limits, read_documents

REPOSITORY = Path(__file__).resolve().parents[3]
PROSE = (
    "Metformin is the usual first choice of treatment for adults who have type 2 diabetes and need a drug beside "
    "advice on food and exercise, unless kidney function is poor or the stomach does not bear it, and the dose is "
    "raised slowly over some weeks until the target for long-term glucose is met without any unpleasant effects."
)


@pytest.fixture
def put(tmp_path):
    """Write content under a name and return the path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def read(put):
    """Write content under a name and return the documents read from it."""

    def run(name, content, *, limits=None, **options):
        return list(read_documents(put(name, content), limits=limits or Limits(), **options))

    return run


@pytest.fixture(scope="session")
def evaluation_data():
    """The folder of evaluation data, which is not part of the repository."""
    folder = Path(os.environ.get("VOICEASSIST_EVAL_DATA") or REPOSITORY.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("evaluation data not found: set VOICEASSIST_EVAL_DATA to its folder")
    return folder


def blocks_of(document, kind=None):
    """Return (kind, text) of every block, or the texts of one kind."""
    found = [(b.kind.value, page.text[b.start : b.end]) for page in document.pages for b in page.blocks]
    return [text for name, text in found if name == kind] if kind else found


def wrapped(text, width):
    """Break text into lines of at most `width` characters."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
