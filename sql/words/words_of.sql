/*
 * The parser of text search takes 123.45/B for a number and a path, so separators go first. Of a
 * monstrous text the beginning is enough, and all that a tsvector can hold.
 */
create or replace function :PGVECTOR_SCHEMA.words_of(config regconfig, value text) returns tsvector
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return to_tsvector(config, regexp_replace(left(:PGVECTOR_SCHEMA.fold_text(left(value, 32768)), 32768), '[^[:alnum:]]+', ' ', 'g'));
end
$$;

comment on function :PGVECTOR_SCHEMA.words_of(regconfig, text) is
  'The stemmed words of a text with their places, by a text search configuration; empty of stop words alone.';
