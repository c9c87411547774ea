"""What schemathesis need not try."""

import schemathesis


@schemathesis.hook
def filter_case(_context, case):
    """Leave out unknown headers: a server ignores them (RFC 9110, 5.1), it does not refuse them."""
    return "x-schemathesis-unknown-property" not in {name.lower() for name in case.headers or {}}
