/*
 * What the other server says, in one sentence. Of a value that a type cannot take nothing is quoted: it
 * is a product's. A login's password is in none of these.
 */
create or replace function :PGVECTOR_SCHEMA.copy_failure(state text, message text, detail text) returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when starts_with(state, '22') then 'A column there has values that its type cannot take here'
    -- Whose view is in the way stands in the detail.
    when state = '2BP01' then format('%s: %s', message, replace(detail, E'\n', ', '))
    when detail is null or detail = '' or not starts_with(state, '08') and state not like '2F%' then rtrim(message, '.')
    -- libpq's sentences come a line each and repeat the address.
    else rtrim(regexp_replace(btrim(detail), E'\\s*\\n.*', ''), '.')
  end
$$;

comment on function :PGVECTOR_SCHEMA.copy_failure(text, text, text) is 'Why the other database could not be read, from the error''s SQLSTATE, message and detail, without any product''s values.';
