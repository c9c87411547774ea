"""JSON log lines with the request's id. No line may carry text that a user or a document wrote.

Our own lines are events with ids and numbers. What others log is cut to what is safe: the first line of the message's
template, with numbers, ids and dotted names filled in. Exceptions are told by type and place (`core.tracebacks`).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any

import structlog

from voiceassist.core.tracebacks import describe, name_of

OURS = ("voiceassist", "knowledge", "clinical", "conversations", "voice", "sharing")
_PLAIN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z_][a-z0-9_]*(\.[a-z0-9_]+)+|[0-9.:]+")
_LEFT_OUT = "…"


def safe_message(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Replace the message of a record from the standard library's logging by what is safe of it."""
    arguments = event.pop("positional_args", ())
    if not event.get("_from_structlog"):
        event["event"] = _filled(event["_record"].msg, arguments)
    return event


def _filled(template: object, arguments: Any) -> str:
    if not isinstance(template, str):
        return name_of(template) if isinstance(template, BaseException) else type(template).__name__
    try:
        text = template % _safe(arguments) if arguments else template
    except (TypeError, ValueError, KeyError):
        text = template
    return text.strip().partition("\n")[0]


def _safe(value: Any) -> Any:
    match value:
        case bool() | int() | float() | None:
            return value
        case BaseException():
            return name_of(value)
        case str() if _PLAIN.fullmatch(value):
            return value
        case tuple():
            return tuple(map(_safe, value))
        case Mapping():
            return {key: _safe(given) for key, given in value.items()}
        case _:
            return _LEFT_OUT


def safe_exceptions(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Tell what was raised by type and place, and any exception among the values by its type."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    for key, value in event.items():
        if isinstance(value, BaseException):
            event[key] = name_of(value)
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def logging_config(level: str) -> dict[str, Any]:
    """Return the `logging.config.dictConfig` dictionary and set structlog up to feed it."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": _formatter()},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": _not_chatty(level)},
        "loggers": {
            **{name: {"level": level} for name in OURS},
            **{name: {"level": "WARNING"} for name in _CHATTY},
            **{name: {"level": "CRITICAL"} for name in _TOLD_BY_US},
            **{name: {"level": "INFO", "propagate": True} for name in _WITH_OWN_HANDLERS},
            "django.security.csrf": {"level": "ERROR"},  # names paths
        },
    }


_CHATTY = ("daphne", "twisted", "httpx2", "httpcore2", "openai", "celery.worker.strategy")
_TOLD_BY_US = (
    "django.request",  # names paths; RequestLogMiddleware logs every request and error
    "django.server",
    "django.channels.server",
    "uvicorn.access",
    "celery.app.trace",  # quotes results and errors; `core.task_log` logs every task
)
_WITH_OWN_HANDLERS = ("uvicorn", "uvicorn.error", "gunicorn.error")  # which would print tracebacks in full


def _not_chatty(level: str) -> str:
    """Keep DEBUG for ourselves: libraries log there what they work on."""
    return "INFO" if logging.getLevelNamesMapping().get(level, 0) < logging.INFO else level


def _formatter() -> dict[str, Any]:
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            safe_message,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            safe_exceptions,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        "foreign_pre_chain": _SHARED,
        "use_get_message": False,
        "pass_foreign_args": True,
    }
