import pytest

from voiceassist.core.errors import DomainError, ErrorCode
from voiceassist.files import errors


def test_a_message_names_the_file_the_cause_and_what_to_do():
    message = errors.EncryptedFile("/srv/uploads/lab results.pdf").user_message
    assert message == ("“lab results.pdf” is password protected. Save a copy without a password and use that copy.")


def test_a_message_never_shows_a_path_or_control_characters():
    message = errors.CorruptFile("../../etc/\u202e\x07shadow.pdf").user_message
    assert "etc" not in message
    assert message.isprintable()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.EmptyFile("x"), ErrorCode.VALIDATION_ERROR),
        (errors.FileTooLarge("x"), ErrorCode.FILE_TOO_LARGE),
        (errors.TooManyPages("x"), ErrorCode.FILE_TOO_LARGE),
        (errors.FileTypeNotAllowed("x"), ErrorCode.FILE_TYPE_NOT_ALLOWED),
        (errors.ContentMismatch("x"), ErrorCode.FILE_TYPE_NOT_ALLOWED),
        (errors.InfectedFile("x", "Eicar"), ErrorCode.FILE_INFECTED),
        (errors.ScannerUnavailable("x"), ErrorCode.PROVIDER_UNAVAILABLE),
        (errors.BadRow("x", 3, "it is empty"), ErrorCode.VALIDATION_ERROR),
    ],
)
def test_each_error_has_its_code(error, code):
    assert isinstance(error, DomainError)
    assert error.code == code
    assert 400 <= error.http_status < 600
