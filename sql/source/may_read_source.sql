create or replace function :PGVECTOR_SCHEMA.may_read_source(role_name name default current_user) returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
begin
  return (
    select has_schema_privilege(may_read_source.role_name, c.relnamespace, 'usage')
      and has_table_privilege(may_read_source.role_name, c.oid, 'select')
    from pg_class c
    where c.oid = v_source
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.may_read_source(name) is
  'Whether a role, the current one when none is named, may read the source. Raises PE001, PE002.';
