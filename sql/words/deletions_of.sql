/*
 * Two words that differ by one letter too many, too few, another or swapped share one of these, so that
 * an index finds them: trigrams of a short word do not survive one error. (The symmetric deletion of
 * Garbe's SymSpell.) Sounds have no doubled letters, so none comes twice. In a loop,
 * which takes a fifth of what a query does.
 */
create or replace function :PGVECTOR_SCHEMA.deletions_of(sound text) returns text[]
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_all text[];
begin
  if length(sound) between 3 and 24 then
    v_all := array[sound];
    for i in 1 .. length(sound) loop
      v_all[i + 1] := left(sound, i - 1) || substr(sound, i + 1);
    end loop;
  end if;
  return v_all;
end
$$;

comment on function :PGVECTOR_SCHEMA.deletions_of(text) is
  'A word and what it becomes without one of its letters; null for fewer than 3 or more than 24.';
