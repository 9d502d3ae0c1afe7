create or replace function :PGVECTOR_SCHEMA.source_signature(source oid) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select string_agg(c.attname || ' ' || c.atttypid, ', ')
    from (
      select a.attname, a.atttypid
      from pg_attribute a
      where a.attrelid = source_signature.source and a.attnum > 0 and not a.attisdropped
      order by a.attnum
    ) c
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_signature(oid) is 'Names and types of a relation''s columns; expressions over its rows are right while it is the same.';
