/*
 * One spelling for what people spell in several: case, ё and е, accents, ligatures and full-width
 * letters. й is a letter of its own and keeps its mark. A soft hyphen, which pages and feeds bring along, is none, and the apostrophe
 * of Ukrainian and Belarusian stands within a word, in several signs or left out (м'яч, м’яч, мяч). unaccent() would need the extension and a
 * dictionary that is found by search_path, and knows no ё. One expression with everything in full, and without
 * a SET clause, so that it is inlined: each search folds a dozen texts.
 */
create or replace function :PGVECTOR_SCHEMA.fold_text(value text) returns text
language sql immutable parallel safe
as $$
  select pg_catalog.normalize(
    pg_catalog.regexp_replace(
      pg_catalog.translate(pg_catalog.normalize(pg_catalog.lower(pg_catalog.normalize(value, 'NFKC')), 'NFD'), 'łøđ', 'lod'),
      E'(?<!и)\\u0306|[\\u00ad\\u0300-\\u0305\\u0307-\\u036f]|(?<=[а-я][\\u0300-\\u036f]*)[\'`\\u2019\\u02bc](?=[яюєіе])', '', 'g'
    ),
    'NFC'
  )
$$;

comment on function :PGVECTOR_SCHEMA.fold_text(text) is
  'A text in lower case, without accents and soft hyphens, ё as е: how words are compared.';
