import io
import json
import logging

import pytest
import structlog


@pytest.fixture
def lines():
    """Return a function that reads what the log's own handler has written, line by line as JSON."""
    (handler,) = [one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler]
    before, handler.stream = handler.stream, io.StringIO()
    structlog.contextvars.clear_contextvars()
    yield lambda: [json.loads(line) for line in handler.stream.getvalue().splitlines()]
    handler.stream = before
    structlog.contextvars.clear_contextvars()
