import pytest

from voiceassist.core.errors import DomainError, ErrorCode, Forbidden, NotValid
from voiceassist.core.tracebacks import FRAMES, describe, name_of

PATIENT = "Jane Roe"


class FileRefused(DomainError):
    def __init__(self, name):
        super().__init__(f"{name} is empty.")


def told(function, *arguments):
    with pytest.raises(BaseException) as caught:  # noqa: PT011 (any of them)
        function(*arguments)
    return describe(caught.value)


def deep(left):
    if not left:
        raise ValueError(PATIENT)
    deep(left - 1)


def look_up():
    raise KeyError(PATIENT)


def chained(*, explicitly):
    try:
        look_up()
    except KeyError as error:
        if explicitly:
            raise RuntimeError(PATIENT) from error
        raise RuntimeError(PATIENT)  # noqa: B904


def test_frames_and_type_are_told_but_no_message():
    text = told(deep, 1)

    assert text.startswith("Traceback (most recent call last):\n")
    assert 'File "voiceassist/core/tests/test_tracebacks.py", line' in text
    assert "in deep" in text
    assert text.endswith("\nValueError")
    assert PATIENT not in text


@pytest.mark.parametrize(("explicitly", "link"), [(True, "direct cause"), (False, "During handling")])
def test_what_led_to_it_is_told_first(explicitly, link):
    text = told(lambda: chained(explicitly=explicitly))

    assert text.index("\nKeyError\n") < text.index(link) < text.index("RuntimeError")
    assert PATIENT not in text


def test_what_was_set_aside_is_not_told():
    def quietly():
        try:
            look_up()
        except KeyError:
            raise RuntimeError from None

    assert "KeyError" not in told(quietly)


def test_a_ring_of_causes_ends():
    first, second = ValueError(PATIENT), KeyError(PATIENT)
    first.__cause__, second.__cause__ = second, first

    assert describe(first).count("ValueError") == 1


def test_each_exception_of_a_group_is_told():
    text = describe(ExceptionGroup(PATIENT, [ValueError(PATIENT), KeyError(PATIENT)]))

    assert text == "ExceptionGroup\n    ValueError\n    KeyError"


def test_a_deep_stack_keeps_its_ends():
    lines = told(deep, 200).splitlines()

    assert len(lines) == FRAMES + 3
    assert any("more" in line for line in lines)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ValueError(PATIENT), "ValueError"),
        (Forbidden(), f"voiceassist.core.errors.Forbidden: FORBIDDEN: {Forbidden.user_message}"),
        (NotValid(PATIENT), f"voiceassist.core.errors.NotValid: {ErrorCode.VALIDATION_ERROR}"),
        (FileRefused(PATIENT), f"{__name__}.FileRefused: {ErrorCode.VALIDATION_ERROR}"),
        (FileNotFoundError(2, PATIENT, PATIENT), "FileNotFoundError: [Errno 2] No such file or directory"),
        (OSError(PATIENT), "OSError"),
        (ModuleNotFoundError(PATIENT, name="weasyprint"), "ModuleNotFoundError: weasyprint"),
        (UnicodeDecodeError("utf-8", PATIENT.encode(), 0, 1, PATIENT), "UnicodeDecodeError"),
    ],
)
def test_only_words_that_are_the_same_for_everybody_are_kept(error, name):
    assert name_of(error) == name
