import logging
import logging.config
from decimal import Decimal

import pytest
import structlog

from voiceassist.core.logging import logging_config

PATIENT = "Jane Roe"
UUID = "0b0e4f0e-7f0b-4f0e-8f0b-0b0e4f0e7f0b"
TASK = "Task %(name)s[%(id)s] %(description)s: %(exc)s"
FAILED = {"name": "a.b", "id": UUID, "description": "raised", "exc": f"ValueError('{PATIENT}')"}


def fail():
    raise ValueError(PATIENT)


@pytest.mark.parametrize(
    ("message", "arguments", "shown"),
    [
        ("Started %d of %s", (3, "knowledge.index_document"), "Started 3 of knowledge.index_document"),
        ("Lost %s after %.1f s", ("127.0.0.1:6379", 2.5), "Lost 127.0.0.1:6379 after 2.5 s"),
        ("Task %s is late", (UUID,), f"Task {UUID} is late"),
        ("It raised %r", (ValueError(PATIENT),), "It raised 'ValueError'"),
        ("Cannot read %s", (PATIENT,), "Cannot read …"),
        ("Cannot read %s", ("Roe",), "Cannot read …"),
        ("GET %s", ("/app/?q=roe",), "GET …"),
        (TASK, (FAILED,), f"Task a.b[{UUID}] …: …"),
        (f"It was retrieved never\nfuture: {PATIENT}", (), "It was retrieved never"),
        (ValueError(PATIENT), (), "ValueError"),
        ([PATIENT], (), "list"),
        ("%d beds", (Decimal(3),), "%d beds"),
        ("100% of it", (), "100% of it"),
    ],
)
def test_of_what_libraries_log_only_plain_values_are_kept(lines, message, arguments, shown):
    logging.getLogger("some.library").error(message, *arguments)

    (line,) = lines()
    assert line["event"] == shown
    assert line["logger"] == "some.library"


def test_a_traceback_that_a_library_logs_has_no_message(lines):
    try:
        fail()
    except ValueError:
        logging.getLogger("daphne.server").exception("Exception inside application: %s", PATIENT)

    (line,) = lines()
    assert line["exception"].endswith("\nValueError")
    assert PATIENT not in str(line)


def test_our_own_events_keep_their_values_but_not_an_error_s_words(lines):
    structlog.get_logger("knowledge.test").warning("import_failed", error=ValueError(PATIENT), documents=3)

    (line,) = lines()
    assert (line["event"], line["error"], line["documents"]) == ("import_failed", "ValueError", 3)


@pytest.mark.parametrize("logger", ["django.request", "celery.app.trace", "uvicorn.access"])
def test_what_is_told_by_us_is_not_told_twice(lines, logger):
    logging.getLogger(logger).error("Internal Server Error: /app/?q=roe")

    assert lines() == []


def test_libraries_stay_quiet_when_we_debug():
    config = logging_config("DEBUG")

    assert config["root"]["level"] == "INFO"
    assert config["loggers"]["conversations"]["level"] == "DEBUG"


def test_servers_with_handlers_of_their_own_hand_them_over(settings):
    server = logging.getLogger("uvicorn.error")
    server.addHandler(logging.NullHandler())
    server.propagate = False

    logging.config.dictConfig(logging_config("INFO"))

    assert server.handlers == []
    assert server.propagate
