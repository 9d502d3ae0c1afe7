/*
 * Two words that differ by one letter too many, too few, another or swapped share one of these, so that
 * an index finds them: trigrams of a short word do not survive one error. (The symmetric deletion of
 * Garbe's SymSpell.)
 */
create or replace function :PGVECTOR_SCHEMA.deletions_of(sound text) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when length(sound) between 3 and 24 then
    array(
      select distinct left(sound, i - 1) || substr(sound, i + 1)
      from generate_series(1, length(sound)) i
    ) || sound
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.deletions_of(text) is
  'A word and what it becomes without one of its letters; null for fewer than 3 or more than 24.';
