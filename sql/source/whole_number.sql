/*
 * As whole_number_sql(), for who has a value and no column: no SQL is made and planned for it.
 */
create or replace function :PGVECTOR_SCHEMA.whole_number(value text) returns bigint
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_value text := btrim(value);
begin
  if v_value !~ '^-?[0-9]{1,19}([.]0*)?$' then
    return null;
  end if;
  v_value := split_part(v_value, '.', 1);
  if v_value::numeric not between -9223372036854775808 and 9223372036854775807 then
    return null;
  end if;
  return v_value::bigint;
end
$$;

comment on function :PGVECTOR_SCHEMA.whole_number(text) is 'A product''s id from its text, null where that is not a whole number that fits a bigint.';
