/*
 * What dbt's post-hook calls, inside dbt's own transaction. A failure of ours is logged and must not
 * cost the dbt run, unless it is strict about it; triggers and comparison fail apart, so that a table
 * of another owner is compared all the same. A model of the same name in somebody's development
 * schema is not the source and is left alone.
 */
create or replace function :PGVECTOR_SCHEMA.attach_after_build(relation_schema text, relation_name text, strict boolean default false)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_queued bigint;
  v_is_source boolean := exists (
    select from :PGVECTOR_SCHEMA.settings s
    where s.source_schema = attach_after_build.relation_schema and s.source_table = attach_after_build.relation_name
  );
begin
  if not v_is_source and not exists (
    select from :PGVECTOR_SCHEMA.related_tables r
    where r.relation_schema = attach_after_build.relation_schema and r.relation_name = attach_after_build.relation_name
  ) then
    return null;
  end if;

  begin
    if v_is_source then
      perform :PGVECTOR_SCHEMA.attach_triggers();
    end if;
    perform :PGVECTOR_SCHEMA.attach_related_triggers(relation_schema, relation_name);
  exception when others then
    if strict then
      raise;
    end if;
    insert into :PGVECTOR_SCHEMA.source_log (event, error) values ('attach', sqlerrm);
    raise warning 'The embedding triggers could not be attached: %', sqlerrm
      using hint = 'The worker finds changes by comparing every few minutes; see :PGVECTOR_SCHEMA.source_log.';
  end;

  -- Of two builds at once, of the source and of a table that the hook or a view reads, each would wait for the table of the
  -- other: a worker compares when both are through. A strict source has to know what it found.
  if not (strict and v_is_source) and exists (
    select
    from pg_locks l
    join pg_database d on d.oid = l.database and d.datname = current_database()
    join pg_class c on c.oid = l.relation
    join pg_namespace n on n.oid = c.relnamespace
    where l.mode = 'AccessExclusiveLock' and l.pid <> pg_backend_pid()
      and (n.nspname, c.relname) in (
        select s.source_schema, s.source_table from :PGVECTOR_SCHEMA.settings s
        union all
        select r.relation_schema, r.relation_name from :PGVECTOR_SCHEMA.related_tables r
      )
  ) then
    perform :PGVECTOR_SCHEMA.reconcile_later();
    return null;
  end if;

  begin
    v_queued := :PGVECTOR_SCHEMA.reconcile();
  exception when others then
    if strict then
      raise;
    end if;
    insert into :PGVECTOR_SCHEMA.source_log (event, error) values ('reconcile', sqlerrm);
    raise warning 'The changed products could not be queued: %', sqlerrm
      using hint = 'The worker compares every few minutes by itself; see :PGVECTOR_SCHEMA.source_log.';
  end;

  if strict and v_is_source then
    perform :PGVECTOR_SCHEMA.require_sound_source();
  end if;
  return v_queued;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_after_build(text, text, boolean) is
  'For a dbt post-hook: attach() if this relation is the source, attach_related() again if it is a related table, in the same transaction; returns how many products were queued, null if it is neither or failed, or if a worker compares because another build is at work. Fails only when strict, and then also on PE006.';
