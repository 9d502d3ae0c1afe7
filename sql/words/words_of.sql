/*
 * The parser of text search takes 123.45/B for a number and a path, so separators go first. With everything in full and without
 * a SET clause, so that it is inlined.
 */
create or replace function :PGVECTOR_SCHEMA.words_of(config regconfig, value text) returns tsvector
language sql immutable parallel safe
as $$
  select pg_catalog.to_tsvector(config, pg_catalog.regexp_replace(pg_catalog.left(value, 32768), '[^[:alnum:]]+', ' ', 'g'))
$$;

comment on function :PGVECTOR_SCHEMA.words_of(regconfig, text) is
  'The stemmed words of a folded text, of its first 32,768 characters, with their places, by a text search configuration; empty of stop words alone.';
