/*
 * Security invoker: run by who owns the relation. dbt makes a table anew and with it its grants, so this is part
 * of attaching. Grants only what is missing, and in turns: of two grants at once on one schema, or on one
 * relation, the second fails. Of two builds neither waits for the other once the schema is granted.
 */
create or replace function :PGVECTOR_SCHEMA.grant_read(relation regclass) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schema regnamespace := (select c.relnamespace::regnamespace from pg_class c where c.oid = relation);
  v_role name;
begin
  for v_role in
    -- Whose rights our functions run with, and who works on the queue.
    select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA'
    union
    select r.rolname from pg_roles r where r.rolname = 'product_embeddings_worker'
  loop
    continue when has_schema_privilege(v_role, v_schema::oid, 'usage') and has_table_privilege(v_role, relation, 'select');
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.grant_source'), hashoid(v_schema));
    end if;
    if not has_schema_privilege(v_role, v_schema::oid, 'usage') then
      execute format('grant usage on schema %s to %I', v_schema, v_role);
    end if;
    perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.grant_source'), hashoid(relation));
    if not has_table_privilege(v_role, relation, 'select') then
      execute format('grant select on %s to %I', relation, v_role);
    end if;
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.grant_read(regclass) is
  'Lets our owner and the workers read a relation, as far as they may not yet. Raises 42501 for who may not grant it.';
