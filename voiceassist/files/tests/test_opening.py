import errno
import os
from pathlib import Path

import pytest

from voiceassist.files.errors import UnopenedFile
from voiceassist.files.extraction import Limits, read_documents


def break_reading(monkeypatch, method, number):
    def broken(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, method, broken)


def test_a_file_that_vanished_is_named(tmp_path):
    with pytest.raises(UnopenedFile, match=r"“gone\.md” is no longer there"):
        list(read_documents(tmp_path / "gone.md", limits=Limits()))


@pytest.mark.parametrize(
    ("method", "number", "cause"),
    [
        ("open", errno.EACCES, "may not be read by this program"),
        ("open", errno.EIO, "could not be read: Input/output error"),
        ("read_bytes", errno.EIO, "could not be read: Input/output error"),
        ("stat", errno.ESTALE, "could not be read: Stale file handle"),
    ],
)
def test_what_the_system_says_against_reading_is_named(put, monkeypatch, method, number, cause):
    path = put("a.md", "# Text\n\nMore text.")
    break_reading(monkeypatch, method, number)

    with pytest.raises(UnopenedFile, match=cause) as raised:
        list(read_documents(path, limits=Limits()))
    assert str(path.parent) not in raised.value.user_message


def test_a_full_disk_is_no_fault_of_the_file(put, monkeypatch):
    path = put("a.md", "# Text\n\nMore text.")
    break_reading(monkeypatch, "read_bytes", errno.ENOSPC)

    with pytest.raises(OSError, match="No space left"):
        list(read_documents(path, limits=Limits()))


def test_an_error_of_the_one_who_reads_is_left_alone(put):
    documents = read_documents(put("a.md", "# Text\n\nMore text."), limits=Limits())
    with pytest.raises(PermissionError):
        for _ in documents:
            raise PermissionError
