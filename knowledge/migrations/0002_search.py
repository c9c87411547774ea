"""The text search configuration and the functions behind BM25F (Robertson & Zaragoza 2009)."""

from django.db import migrations

CONFIGURATION = """
CREATE TEXT SEARCH CONFIGURATION clinical (COPY = english);
ALTER TEXT SEARCH CONFIGURATION clinical
    ALTER MAPPING FOR hword, hword_part, word WITH unaccent, english_stem;
"""

# PostgreSQL's parser takes "sacubitril/valsartan" for a file name: a slash is read as a space.
WORDS = """
CREATE FUNCTION knowledge_words(body text) RETURNS tsvector
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('clinical', translate(body, '/', ' '))
$$;
"""

TERMS = """
CREATE FUNCTION knowledge_terms(title text, body text) RETURNS tsvector
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT setweight(knowledge_words(title), 'A') || knowledge_words(body)
$$;
"""

TERM_ID = """
CREATE FUNCTION knowledge_term_id(lexeme text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (('x' || substr(md5(lexeme), 1, 8))::bit(32)::bigint & 536870911)::integer + 1
$$;
"""

IDF = """
CREATE FUNCTION knowledge_idf(passages float8, frequency integer) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ln(1 + (passages - least(frequency, passages) + 0.5) / (frequency + 0.5))
$$;
"""

# tf = occurrences in the body + 5 × those in the title; k1 = 0.9, b = 0.4; `average` is the nominal length in lexemes.
# No idf inside, so that growth of the collection never rewrites a row. Collisions of term ids are summed.
# pgvector stores at most 16,000 terms: of an endless list of words, the 4,000 heaviest count.
TERM_WEIGHTS = """
CREATE FUNCTION knowledge_term_weights(terms tsvector, average float8) RETURNS sparsevec
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH counted AS (
        SELECT knowledge_term_id(lexeme) AS term,
               (SELECT coalesce(sum(CASE weight WHEN 'A' THEN 5.0 ELSE 1.0 END), 1)
                FROM unnest(weights) AS weight) AS tf,
               (SELECT count(*) FROM unnest(weights) AS weight WHERE weight <> 'A') AS body
        FROM unnest(terms)
    ), scored AS (
        SELECT term, tf * 1.9 / (tf + 0.9 * (1 - 0.4 + 0.4 * (sum(body) OVER ()) / average)) AS value FROM counted
    ), summed AS (
        SELECT term, sum(value) AS value FROM scored GROUP BY term ORDER BY value DESC, term LIMIT 4000
    )
    SELECT ('{' || coalesce(string_agg(term || ':' || round(value::numeric, 5), ',' ORDER BY term), '')
            || '}/1000000000')::sparsevec
    FROM summed
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("knowledge", "0001_initial")]

    operations = [
        migrations.RunSQL(CONFIGURATION, "DROP TEXT SEARCH CONFIGURATION clinical;"),
        migrations.RunSQL(WORDS, "DROP FUNCTION knowledge_words(text);"),
        migrations.RunSQL(TERMS, "DROP FUNCTION knowledge_terms(text, text);"),
        migrations.RunSQL(TERM_ID, "DROP FUNCTION knowledge_term_id(text);"),
        migrations.RunSQL(IDF, "DROP FUNCTION knowledge_idf(float8, integer);"),
        migrations.RunSQL(TERM_WEIGHTS, "DROP FUNCTION knowledge_term_weights(tsvector, float8);"),
        migrations.RunSQL(
            "ALTER TABLE knowledge_embedding ALTER COLUMN vector SET STORAGE PLAIN;"
            "ALTER TABLE knowledge_lexicalentry ALTER COLUMN weights SET STORAGE MAIN;"
            "ALTER TABLE knowledge_page ALTER COLUMN weights SET STORAGE MAIN;",
            migrations.RunSQL.noop,
        ),
    ]
