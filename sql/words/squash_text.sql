/*
 * With everything in full and without a SET clause, so that it is inlined.
 */
create or replace function :PGVECTOR_SCHEMA.squash_text(value text) returns text
language sql immutable parallel safe
as $$
  select '=' operator(pg_catalog.||) pg_catalog.left(
    pg_catalog.regexp_replace(pg_catalog.translate(value, 'авекмнорстухі', 'abekmhopctyxi'), '[^[:alnum:]]+', '', 'g'),
    200
  )
$$;

comment on function :PGVECTOR_SCHEMA.squash_text(text) is
  'A whole folded value without separators and look-alike letters, with a leading =: who asks for a code or a name exactly is given it first.';
