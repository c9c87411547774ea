"""Work that sees only what another process would: its own connection to PostgreSQL, its own client of the cache."""

from concurrent.futures import ThreadPoolExecutor

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
