/*
 * The first thousand characters: more than any model here reads, and what an index entry can hold.
 */
create or replace function :PGVECTOR_SCHEMA.query_key(query text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return nullif(btrim(left(btrim(regexp_replace(normalize(left(query, 4000), NFC), E'\\s+', ' ', 'g')), 1000)), '');
end
$$;

comment on function :PGVECTOR_SCHEMA.query_key(text) is
  'A query as it is cached and encoded: blanks squeezed, at most 1000 characters; null when nothing is left.';
