/*
 * One spelling for what people spell in several: case, ё and е, accents, ligatures and full-width
 * letters. й is a letter of its own and keeps its mark. unaccent() would need the extension and a
 * dictionary that is found by search_path, and knows no ё.
 */
create or replace function :PGVECTOR_SCHEMA.fold_text(value text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return normalize(
    regexp_replace(
      normalize(translate(lower(normalize(value, NFKC)), 'łøđ', 'lod'), NFD),
      '(?<!и)\u0306|[\u0300-\u0305\u0307-\u036f]', '', 'g'
    ),
    NFC
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.fold_text(text) is
  'A text in lower case, without accents, ё as е: how words are compared.';
