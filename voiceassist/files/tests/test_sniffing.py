import gzip

import pytest

from voiceassist.files.errors import (
    ContentMismatch,
    CorruptFile,
    EmptyFile,
    EncryptedFile,
    FileTooLarge,
    FileTypeNotAllowed,
)
from voiceassist.files.limits import Limits
from voiceassist.files.sniffing import FileKind, identify

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PUBMED = b"<?xml version='1.0'?><PubmedArticleSet></PubmedArticleSet>"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", b"%PDF-1.7\n", FileKind.PDF),
        ("a.PDF", b"\n\n%PDF-1.4\n", FileKind.PDF),
        ("a.docx", b"PK\x03\x04rest", FileKind.DOCX),
        ("a.md", b"# Title", FileKind.MARKDOWN),
        ("a.txt", "Größe".encode("utf-16"), FileKind.TEXT),
        ("a.txt", "Größe".encode("cp1252"), FileKind.TEXT),
        ("a.jsonl", b'{"_id": 1}', FileKind.JSONL),
        ("a.jsonl.gz", gzip.compress(b'{"_id": 1}', mtime=0), FileKind.JSONL),
        ("a.xml", PUBMED, FileKind.PUBMED_XML),
        ("a.xml.gz", gzip.compress(PUBMED, mtime=0), FileKind.PUBMED_XML),
    ],
)
def test_a_file_is_what_its_name_and_content_say(put, name, content, kind):
    assert identify(put(name, content)) is kind


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.pdf", b"<!doctype html><html></html>", ContentMismatch),
        ("a.docx", b"%PDF-1.7", ContentMismatch),
        ("a.docx", OLE + "EncryptedPackage".encode("utf-16-le"), EncryptedFile),
        ("a.docx", OLE + b"WordDocument", FileTypeNotAllowed),
        ("a.txt", b"%PDF-1.7", ContentMismatch),
        ("a.txt", b"\x7fELF\x02", ContentMismatch),
        ("a.txt", bytes(range(256)) * 4, ContentMismatch),
        ("a.txt", b"<svg xmlns='x'><script/></svg>", ContentMismatch),
        ("a.md", b"PK\x03\x04", ContentMismatch),
        ("a.jsonl", b"_id,title,text", ContentMismatch),
        ("a.jsonl.gz", b'{"_id": 1}', ContentMismatch),
        ("a.jsonl.gz", gzip.compress(b'{"_id": 1}', mtime=0)[:12], CorruptFile),
        ("a.xml", b"<?xml version='1.0'?><svg/>", ContentMismatch),
        ("a.svg", b"<svg/>", FileTypeNotAllowed),
        ("a", b"text", FileTypeNotAllowed),
        ("a.txt", b"", EmptyFile),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(put, name, content, error):
    with pytest.raises(error) as caught:
        identify(put(name, content))
    assert name in caught.value.user_message


def test_the_name_its_owner_gave_counts_not_the_name_on_disk(put):
    path = put("3f2a", b"# Title")
    assert identify(path, name="notes.md") is FileKind.MARKDOWN
    with pytest.raises(ContentMismatch):
        identify(path, name="notes.pdf")


def test_a_file_above_the_limit_is_refused_with_both_sizes(put):
    with pytest.raises(FileTooLarge, match=r"has 0\.1 MB; the limit is 0\.05 MB"):
        identify(put("a.txt", b"x" * 104858), limits=Limits(max_bytes=52429))
