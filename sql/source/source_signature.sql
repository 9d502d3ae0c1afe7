create or replace function :PGVECTOR_SCHEMA.source_signature(source regclass) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select source_signature.source || ': ' || string_agg(c.attname || ' ' || c.atttypid, ', ')
    from (
      select a.attname, a.atttypid
      from pg_attribute a
      where a.attrelid = source_signature.source and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    ) c
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_signature(regclass) is 'A relation''s name, and names and types of its columns; SQL over its rows is right while it is the same.';
