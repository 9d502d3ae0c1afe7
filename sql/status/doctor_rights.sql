/*
 * Against what grant_roles() gives, as far as a group is there: a schema that was restored before
 * sql/dba.sql ran, or a revoke by hand, is found here and not at the next search.
 */
create or replace function :PGVECTOR_SCHEMA.doctor_rights(role_name name)
returns table (check_name text, state text, finding text, fix text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner name := (select pg_get_userbyid(n.nspowner) from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA');
  v_owns boolean := pg_has_role(doctor_rights.role_name, v_owner, 'usage');
  v_groups text[] := array(
    select substr(r.rolname, length('product_embeddings_') + 1)
    from pg_roles r
    where r.rolname in ('product_embeddings_reader', 'product_embeddings_attacher', 'product_embeddings_worker')
      and pg_has_role(doctor_rights.role_name, r.oid, 'usage')
    order by r.rolname
  );
  v_group name;
  v_lacks text;
begin
  return query
    select
      'role',
      case
        when not v_owns and v_groups = '{}' then 'error'
        when (select r.rolsuper from pg_roles r where r.rolname = v_owner) then 'warning'
        else 'ok'
      end,
      case
        when not v_owns and v_groups = '{}' then format('%s may do nothing here: it is no member of a group of ours.', doctor_rights.role_name)
        when (select r.rolsuper from pg_roles r where r.rolname = v_owner) then format('Our functions run with the rights of %s, a superuser, which nothing of ours needs.', v_owner)
        when v_owns then format('%s owns our schema: it may do everything here.', doctor_rights.role_name)
        else format('%s is in the groups: %s.', doctor_rights.role_name, array_to_string(v_groups, ', '))
      end,
      case
        when not v_owns and v_groups = '{}' then format('As a superuser: grant product_embeddings_reader to %I;  (or …_worker, …_attacher: docs/security.md)', doctor_rights.role_name)
        when (select r.rolsuper from pg_roles r where r.rolname = v_owner) then 'Give it to a role of its own: docs/security.md, «Away from a superuser»'
      end;

  -- A dump that is restored has no rights on the database.
  return query
    select
      'role',
      'warning',
      format('%s may not create schemas in this database, which npm run migrate needs.', doctor_rights.role_name),
      format('As a superuser: grant create on database %I to %I;', current_database(), doctor_rights.role_name)
    where v_owns and not has_database_privilege(doctor_rights.role_name, current_database(), 'create');

  for v_group in
    select r.rolname from pg_roles r
    where r.rolname in ('product_embeddings_reader', 'product_embeddings_attacher', 'product_embeddings_worker')
    order by 1
  loop
    -- Some of them: after a restore without the groups it is all.
    select concat(string_agg(l.what, ', ' order by l.what) filter (where l.number <= 5), case when count(*) > 5 then format(' and %s more', count(*) - 5) end)
    into v_lacks
    from (select w.what, row_number() over (order by w.what) as number from (
      select 'usage of :PGVECTOR_SCHEMA' where not has_schema_privilege(v_group, ':PGVECTOR_SCHEMA', 'usage')
      union all
      select c.relname::text
      from pg_class c
      where c.relnamespace = ':PGVECTOR_SCHEMA'::regnamespace and c.relkind in ('r', 'v')
        and case v_group
          when 'product_embeddings_worker' then not has_table_privilege(v_group, c.oid, 'select')
            or c.relkind = 'r' and c.relname not in ('source_expressions', 'source_connection', 'settings')
              and not (has_table_privilege(v_group, c.oid, 'insert') and has_table_privilege(v_group, c.oid, 'update') and has_table_privilege(v_group, c.oid, 'delete'))
            or c.relname = 'settings' and not has_any_column_privilege(v_group, c.oid, 'update')
          when 'product_embeddings_attacher' then c.relname in (':PGVECTOR_TABLE', 'embedding_status', 'settings', 'source_triggers') and not has_table_privilege(v_group, c.oid, 'select')
          else c.relname = 'embedding_status' and not has_table_privilege(v_group, c.oid, 'select')
        end
      union all
      select distinct p.proname || '()'
      from pg_proc p
      where p.pronamespace = ':PGVECTOR_SCHEMA'::regnamespace and not has_function_privilege(v_group, p.oid, 'execute')
        and case v_group
          when 'product_embeddings_worker' then p.prorettype <> 'trigger'::regtype
          when 'product_embeddings_attacher' then p.proname in ('attach', 'attach_after_build', 'reconcile', 'compute_status', 'doctor')
          else p.proname in ('search_products', 'search_products_text', 'similar_products', 'recommended_products', 'compute_status', 'doctor')
        end
      union all
      select 'usage of graphile_worker'
      where v_group = 'product_embeddings_worker' and not has_schema_privilege(v_group, 'graphile_worker', 'usage')
      union all
      select format('graphile_worker.%s', c.relname)
      from pg_class c
      where v_group = 'product_embeddings_worker' and c.relnamespace = 'graphile_worker'::regnamespace and c.relkind = 'r'
        and (
          not has_table_privilege(v_group, c.oid, 'update')
          or c.relrowsecurity and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'product_embeddings_worker')
        )
    ) w (what)) l;
    v_lacks := nullif(v_lacks, '');
    return query
      select
        'rights',
        case when v_lacks is null then 'ok' else 'error' end,
        case when v_lacks is null then format('%s has what it needs.', v_group) else format('%s lacks rights: %s.', v_group, v_lacks) end,
        case when v_lacks is not null then format('As %s: select :PGVECTOR_SCHEMA.grant_roles();', v_owner) end;
  end loop;

  return query
    select 'rights', 'error', format('Everybody may call %s, with our owner''s rights.', string_agg(p.proname || '()', ', ' order by p.proname)),
      format('As %s: select :PGVECTOR_SCHEMA.grant_roles();', v_owner)
    from pg_proc p
    where p.pronamespace = ':PGVECTOR_SCHEMA'::regnamespace and p.prosecdef and has_function_privilege('public', p.oid, 'execute')
    having count(*) > 0;
end
$$;

comment on function :PGVECTOR_SCHEMA.doctor_rights(name) is 'The part of doctor() about rights: the role''s, each group''s, and nobody else''s.';
