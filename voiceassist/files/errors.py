"""Why a file was refused. Each error names the file, the cause and what to do."""

from __future__ import annotations

from typing import ClassVar

from voiceassist.core.errors import DomainError, ErrorCode
from voiceassist.files.names import display_name


class UnreadableFile(DomainError):
    """A file that cannot be taken in.

    `user_message` is safe to show: it holds the display name of the file, never its path or its content.
    """

    code = ErrorCode.VALIDATION_ERROR
    http_status = 422
    cause: ClassVar[str] = "could not be read"
    advice: ClassVar[str] = "Open it on your computer, save it again and try once more."

    def __init__(self, name: str, detail: str = "", *, advice: str = "") -> None:
        self.file_name = display_name(name)
        self.detail = detail
        super().__init__(_sentence(self.file_name, detail or self.cause, advice or self.advice))


def _sentence(name: str, cause: str, advice: str) -> str:
    return f"“{name}” {cause.rstrip('.')}. {advice}".strip()


class UnopenedFile(UnreadableFile):
    """The operating system did not give its content."""

    advice = "Check that it is there and may be read, then try again."


class EmptyFile(UnreadableFile):
    """Nothing is in the file."""

    cause = "is empty"
    advice = "Check that it was saved or copied completely, then choose it again."


class EncryptedFile(UnreadableFile):
    """A password is needed to read it."""

    cause = "is password protected"
    advice = "Save a copy without a password and use that copy."


class FileTooLarge(UnreadableFile):
    """It is larger than the limit, as it is or once unpacked."""

    code = ErrorCode.FILE_TOO_LARGE
    http_status = 413
    cause = "is larger than allowed"
    advice = "Split it into smaller files, or ask an administrator to raise the limit."


class FileTypeNotAllowed(UnreadableFile):
    """Its type is not one that can be read here."""

    code = ErrorCode.FILE_TYPE_NOT_ALLOWED
    http_status = 415
    cause = "is of a type that is not accepted"
    advice = "Use PDF, DOCX, Markdown, plain text, JSONL or PubMed XML."


class ContentMismatch(UnreadableFile):
    """What it holds is not what its name says."""

    code = ErrorCode.FILE_TYPE_NOT_ALLOWED
    http_status = 415
    cause = "does not hold what its name says"
    advice = "Give it the ending that fits its content, or save it in the format that its name says."


class CorruptFile(UnreadableFile):
    """It is damaged, or not built as its format asks."""

    cause = "is damaged or incomplete"


class NoTextFound(UnreadableFile):
    """It is readable but holds no text."""

    cause = "holds no text"
    advice = "Check that it is the right file."


class TooManyPages(UnreadableFile):
    """It has more pages than the limit."""

    code = ErrorCode.FILE_TOO_LARGE
    http_status = 413
    cause = "has more pages than allowed"
    advice = "Split it into parts, or ask an administrator to raise the limit."


class TookTooLong(UnreadableFile):
    """Reading it did not end within the time allowed."""

    cause = "took too long to read and was given up"
    advice = "It may be damaged or unusually complex: print it to a new PDF and use that."


class BadRow(UnreadableFile):
    """One record in a file of many that cannot be used. `line` counts from 1."""

    advice = "Correct this record; the others are not affected."

    def __init__(self, name: str, line: int, detail: str) -> None:
        self.line = line
        super().__init__(name, f"has a record that cannot be used on line {line}: {detail}")


class InfectedFile(UnreadableFile):
    """The virus scanner found something. `signature` is the scanner's name for it."""

    code = ErrorCode.FILE_INFECTED
    cause = "was refused by the virus scanner"
    advice = "Do not open it. Tell the person who sent it, or your IT department."

    def __init__(self, name: str, signature: str) -> None:
        self.signature = signature
        super().__init__(name)


class ScannerUnavailable(UnreadableFile):
    """The virus scanner gave no answer, so the file is not accepted."""

    code = ErrorCode.PROVIDER_UNAVAILABLE
    http_status = 503
    cause = "could not be checked for viruses, so it was not accepted"
    advice = "Try again in a few minutes; if it goes on, tell an administrator."
