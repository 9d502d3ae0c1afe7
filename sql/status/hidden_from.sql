/*
 * Row level security gives no error but fewer rows, and products that are hidden look like products that are gone. A policy that
 * shows all rows is the remedy and needs no superuser. A worker is asked about by its login, since bypassrls is not inherited, and
 * named by its group, which a policy can be for.
 */
create or replace function :PGVECTOR_SCHEMA.hidden_from() returns name[]
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_owner oid := (select n.nspowner from pg_namespace n where n.nspname = ':PGVECTOR_SCHEMA');
  v_worker oid := (select w.oid from pg_roles w where w.rolname = 'product_embeddings_worker');
begin
  return (
    select array_agg(distinct pg_get_userbyid(case when r.oid = v_owner then v_owner else v_worker end))
    from pg_class c
    join pg_roles r on not r.rolsuper and not r.rolbypassrls
    where c.oid = :PGVECTOR_SCHEMA.source_relation() and c.relrowsecurity
      and (
        -- Whose rights our functions run with, and who claims products.
        r.oid = v_owner or r.rolcanlogin and pg_has_role(r.oid, v_worker, 'usage')
      )
      and (c.relforcerowsecurity or not pg_has_role(r.oid, c.relowner, 'usage'))
      and not (
        exists (
          select
          from pg_policy p
          where p.polrelid = c.oid and p.polpermissive and p.polcmd in ('r', '*') and pg_get_expr(p.polqual, p.polrelid) = 'true'
            and exists (select from unnest(p.polroles) g (oid) where g.oid = 0 or pg_has_role(r.oid, g.oid, 'usage'))
        )
        and not exists (
          select
          from pg_policy p
          where p.polrelid = c.oid and not p.polpermissive and p.polcmd in ('r', '*')
            and exists (select from unnest(p.polroles) g (oid) where g.oid = 0 or pg_has_role(r.oid, g.oid, 'usage'))
        )
      )
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.hidden_from() is
  'Of our owner and the group of workers those from whom row level security may hide rows of the source; null when none.';
