/*
 * The first thousand characters: more than any model here reads. An index entry can hold so many of two bytes each; of a script that takes
 * three or four, as Chinese does, fewer. Blanks are also those that come along from a web page, which not every locale knows.
 */
create or replace function :PGVECTOR_SCHEMA.query_key(query text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key text := left(btrim(regexp_replace(normalize(left(query, 4000), NFC), E'[\\s\u00A0\u2000-\u200B\u202F\u2060\u3000\uFEFF]+', ' ', 'g')), 1000);
begin
  return nullif(btrim(case when octet_length(v_key) > 2600 then left(v_key, 650) else v_key end), '');
end
$$;

comment on function :PGVECTOR_SCHEMA.query_key(text) is
  'A query as it is cached and encoded: blanks squeezed, at most 1000 characters, or 650 where more take over 2600 bytes; null when nothing is left.';
