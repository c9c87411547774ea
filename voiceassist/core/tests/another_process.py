"""Work that sees only what another process would: its own connection to PostgreSQL, its own client of the cache."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection


def in_another_process(work, *, wait=True):
    """Do it in a thread of its own, whose connections belong to it alone; return its result, or the future of it."""

    def done_and_closed():
        try:
            return work()
        finally:
            connection.close()

    pool = ThreadPoolExecutor(max_workers=1)
    future = pool.submit(done_and_closed)
    pool.shutdown(wait=False)
    return future.result(timeout=20) if wait else future


def wait_until_someone_waits():
    """Return once another connection stands before a lock: PostgreSQL itself says so."""
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute("select count(*), pg_sleep(0.01) from pg_locks where not granted")
            if cursor.fetchone()[0]:
                return
    pytest.fail("nobody waited")
