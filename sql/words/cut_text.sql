/*
 * Chinese and Japanese have no spaces between words, and the parser of text search takes a whole run for one. So each of their letters
 * is a word.
 */
create or replace function :PGVECTOR_SCHEMA.cut_text(value text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when value ~ E'[\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff]'
    then regexp_replace(value, E'([\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff])', E' \\1 ', 'g')
    else value
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.cut_text(text) is
  'A folded text in which each Chinese or Japanese letter stands apart, as a word.';
