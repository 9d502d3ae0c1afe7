/*
 * BM25's form from what the server computes in C: for one word, ts_rank is its weight in the place
 * where it stands (a name counts more than a description) times 1 + 1/4 + 1/9 … over its occurrences,
 * divided by pi²/6. Written as 1 - k / (x + k), in one expression, without a SET clause and with everything
 * in full, so that it is inlined: it runs for every word of every candidate.
 */
create or replace function :PGVECTOR_SCHEMA.word_score(words tsvector, term tsquery, idf double precision, relative_length double precision)
returns double precision
language sql immutable parallel safe
as $$
  select idf * 2.2 * (
    1 - 1.2 * (0.7 + 0.3 * relative_length)
      / (pg_catalog.ts_rank('{0.4, 0.55, 0.7, 1}', words, term) * 1.6449340668482264 + 1.2 * (0.7 + 0.3 * relative_length))
  )
$$;

comment on function :PGVECTOR_SCHEMA.word_score(tsvector, tsquery, double precision, double precision) is
  'What one word adds to the score of a product: BM25 with k1 = 1.2 and b = 0.3, idf being the word''s inverse document frequency and relative_length the product''s number of words by the average; 0 where the word is not.';
