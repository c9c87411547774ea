import gzip
import itertools
import json
import tracemalloc

import pytest

from voiceassist.files.errors import BadRow, CorruptFile, FileTooLarge, NoTextFound
from voiceassist.files.extraction import Limits, read_documents

ROW = {"_id": "d1", "title": "Sepsis", "text": "Give fluids.\n\nThen antibiotics.", "metadata": {"year": "2021"}}


def lines(*rows):
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


def test_each_line_is_a_document(read):
    [document] = read("a.jsonl", lines({**ROW, "doi": "doi:10.1/x", "authors": "A B; C D"}))
    assert (document.external_id, document.title) == ("d1", "Sepsis")
    assert document.pages[0].text == "Give fluids.\n\nThen antibiotics."
    assert document.metadata == {"year": 2021, "doi": "10.1/x", "authors": ["A B", "C D"]}


def test_a_packed_file_is_read_alike(read):
    assert read("a.jsonl.gz", gzip.compress(lines(ROW).encode())) == read("a.jsonl", lines(ROW))


def test_a_row_without_a_title_takes_it_from_its_text(read):
    [document] = read("a.jsonl", lines({"_id": 7, "text": "Short text."}))
    assert (document.external_id, document.title) == ("7", "Short text.")


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        ("{", "not valid JSON"),
        ("[1]", "not an object"),
        ('{"_id": 1}', "missing or is not text"),
        ('{"text": " "}', "is empty"),
        ('{"text": "\\u0000"}', "is empty"),
        pytest.param("{" + '"a":{' * 100000, "not valid JSON", id="nested without end"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_reading_goes_on(read, bad, cause):
    errors = []
    documents = read("a.jsonl", lines(ROW, "", bad, ROW), on_bad_row=errors.append)
    assert len(documents) == 2
    assert [error.line for error in errors] == [3]
    assert cause in errors[0].user_message
    assert "line 3" in errors[0].user_message


def test_without_a_callback_a_bad_row_is_raised(put):
    documents = read_documents(put("a.jsonl", lines(ROW, "{")), limits=Limits())
    assert next(documents).external_id == "d1"
    with pytest.raises(BadRow):
        next(documents)


def test_a_row_that_is_too_long_is_skipped_to_its_end(read):
    errors = []
    limits = Limits(max_record_bytes=200)
    documents = read("a.jsonl", lines(ROW, {**ROW, "text": "x" * 9000}, ROW), limits=limits, on_bad_row=errors.append)
    assert len(documents) == 2
    assert [error.line for error in errors] == [2]


def test_a_file_without_a_good_row_holds_no_text(read):
    with pytest.raises(NoTextFound):
        read("a.jsonl", lines('{"a": 1}'), on_bad_row=lambda _error: None)


def test_a_cut_archive_is_damaged(read):
    rows = lines(*({**ROW, "_id": str(index * 7919 % 10007)} for index in range(20000))).encode()
    with pytest.raises(CorruptFile, match="after line"):
        read("a.jsonl.gz", gzip.compress(rows)[:-1000])


def test_an_archive_that_unpacks_without_bound_is_refused(read):
    with pytest.raises(FileTooLarge):
        read("a.jsonl.gz", gzip.compress(lines(*[ROW] * 2000).encode()), limits=Limits(max_bulk_unpacked_bytes=9999))


def test_memory_does_not_grow_with_rows(put):
    path = put("a.jsonl", lines(*[{**ROW, "text": "word " * 2000}] * 3000))
    documents = read_documents(path, limits=Limits(max_bulk_bytes=10**9))
    tracemalloc.start()
    try:
        assert sum(1 for _ in itertools.islice(documents, 3000)) == 3000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 25_000_000
    assert peak < 3_000_000
