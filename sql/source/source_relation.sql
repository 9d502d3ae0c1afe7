/*
 * By name and anew each time: dbt drops and renames the table, so an OID kept is an OID gone.
 * Read from the catalog because to_regclass raises where the caller lacks USAGE on the schema,
 * and the status has to answer even then. plpgsql, though it is one statement: it keeps the plan,
 * where an SQL function with a search_path plans at every call of every writer.
 */
create or replace function :PGVECTOR_SCHEMA.source_relation() returns regclass
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select c.oid::regclass
    from :PGVECTOR_SCHEMA.settings s
    join pg_namespace n on n.nspname = s.source_schema
    join pg_class c on c.relnamespace = n.oid and c.relname = s.source_table
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.source_relation() is
  'The relation the products are read from, as it is now; null while it does not exist.';
