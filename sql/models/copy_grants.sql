create or replace function :PGVECTOR_SCHEMA.copy_grants(from_table text, to_table text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_grant record;
begin
  for v_grant in
    select
      g.privilege_type || coalesce(' (' || quote_ident(g.column_name) || ')', '') as privilege,
      case when g.grantee = 0 then 'public' else quote_ident(r.rolname) end as grantee,
      case when g.is_grantable then ' with grant option' else '' end as option
    from pg_class c
    cross join lateral (
      select null::name as column_name, t.* from aclexplode(c.relacl) t
      union all
      select a.attname, t.* from pg_attribute a cross join lateral aclexplode(a.attacl) t where a.attrelid = c.oid and not a.attisdropped
    ) g
    left join pg_roles r on r.oid = g.grantee
    where c.oid = to_regclass(format(':PGVECTOR_SCHEMA.%I', from_table)) and g.grantee <> c.relowner
  loop
    execute format('grant %s on :PGVECTOR_SCHEMA.%I to %s%s', v_grant.privilege, to_table, v_grant.grantee, v_grant.option);
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.copy_grants(text, text) is 'Grants on one table of our schema, and on its columns, what is granted on another.';
