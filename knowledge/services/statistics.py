"""Document frequencies of a collection, from which idf comes. They may lag: half the documents cost ≤ .001 nDCG."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from knowledge.models import Collection, LexicalEntry, TermStatistic

_COUNT_TERMS = """
INSERT INTO knowledge_termstatistic (collection_id, lexeme, frequency)
SELECT %(collection)s::uuid, word, ndoc
FROM ts_stat(format('SELECT terms FROM knowledge_lexicalentry WHERE collection_id = %%L', %(collection)s::text))
ORDER BY word
"""


@transaction.atomic
def refresh_statistics(*, collection: Collection, now: datetime) -> None:
    """Count again in how many passages each lexeme occurs. Readers see the old counts until this commits."""
    locked = Collection.objects.select_for_update(no_key=True).get(pk=collection.pk)  # passages may still be added
    TermStatistic.objects.filter(collection=locked).delete()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_TERMS, {"collection": str(locked.pk)})
    locked.passage_count = LexicalEntry.objects.filter(collection=locked).count()
    locked.statistics_at = now
    locked.save(update_fields=["passage_count", "statistics_at"])


def are_stale(collection: Collection) -> bool:
    """Tell whether a writer ended before it could count again."""
    now = Collection.objects.get(pk=collection.pk)
    counted = LexicalEntry.objects.filter(collection=collection).count()
    return now.statistics_at is None or now.passage_count != counted
