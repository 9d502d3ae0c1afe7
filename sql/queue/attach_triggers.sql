/*
 * Security invoker: only the owner of the table may put triggers on it. Creates just what is
 * missing, because every trigger made takes a lock that writers wait for.
 */
create or replace function :PGVECTOR_SCHEMA.attach_triggers() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.require_source();
  v_trigger record;
  v_changed boolean := false;
begin
  perform :PGVECTOR_SCHEMA.grant_source();
  if (select c.relkind from pg_class c where c.oid = v_source) not in ('r', 'p') then
    raise notice '% cannot have triggers; the worker finds its changes by comparing every few minutes.', v_source;
    return;
  end if;
  for v_trigger in
    select t.trigger_name, t.event, t.attached
    from :PGVECTOR_SCHEMA.source_triggers t
    where t.enabled is not true
  loop
    v_changed := true;
    if v_trigger.attached then
      execute format('alter table %s enable trigger %I', v_source, v_trigger.trigger_name);
    else
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function :PGVECTOR_SCHEMA.tg__product_changed()',
        v_trigger.trigger_name,
        v_trigger.event,
        v_source,
        case v_trigger.event
          when 'insert' then 'referencing new table as new_rows'
          when 'update' then 'referencing old table as old_rows new table as new_rows'
          when 'delete' then 'referencing old table as old_rows'
          else ''
        end
      );
    end if;
  end loop;
  if v_changed then
    insert into :PGVECTOR_SCHEMA.source_log (event, source_oid, triggers_attached) values ('attach', v_source, true);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_triggers() is
  'Puts the triggers on the source that it lacks, and lets us read it. Raises PE001, PE002, and 42501 for who does not own the source.';
