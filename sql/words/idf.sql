create or replace function :PGVECTOR_SCHEMA.idf(products bigint, all_products double precision) returns double precision
language sql immutable parallel safe
as $$
  select pg_catalog.ln(1 + (greatest(all_products, coalesce(products, 0)) - coalesce(products, 0) + 0.5) / (coalesce(products, 0) + 0.5))
$$;

comment on function :PGVECTOR_SCHEMA.idf(bigint, double precision) is
  'Inverse document frequency as in BM25 (Lucene''s form, never negative); a word that was not counted yet is a rare one.';
