/*
 * By name and anew each time, as source_relation() is.
 */
create or replace function :PGVECTOR_SCHEMA.interactions_relation() returns regclass
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select c.oid::regclass
    from :PGVECTOR_SCHEMA.settings s
    join pg_namespace n on n.nspname = s.interactions_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = s.interactions_table
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.interactions_relation() is
  'The relation of orders or sessions that set_interactions() named, as it is now; null while it does not exist.';
