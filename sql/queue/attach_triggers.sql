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
  v_can_have boolean := (select c.relkind in ('r', 'p') from pg_class c where c.oid = v_source);
  v_trigger record;
  -- What failed before is over, and the log says so.
  v_log boolean := coalesce((select l.error is not null from :PGVECTOR_SCHEMA.source_log l where l.event = 'attach' order by l.log_id desc limit 1), false);
begin
  perform :PGVECTOR_SCHEMA.grant_source();
  if not v_can_have then
    raise notice '% cannot have triggers; the worker finds its changes by comparing every few minutes.', v_source;
  end if;
  for v_trigger in
    select t.trigger_name, t.event, t.attached, t.level, t.must_be_always
    from :PGVECTOR_SCHEMA.source_triggers t
    where t.enabled is not true and v_can_have
  loop
    v_log := true;
    if not v_trigger.attached then
      execute format(
        'create or replace trigger %I after %s on %s %s for each %s execute function :PGVECTOR_SCHEMA.%I()',
        v_trigger.trigger_name,
        v_trigger.event,
        v_source,
        case
          when v_trigger.level = 'row' then ''
          when v_trigger.event = 'insert' then 'referencing new table as new_rows'
          when v_trigger.event = 'update' then 'referencing old table as old_rows new table as new_rows'
          when v_trigger.event = 'delete' then 'referencing old table as old_rows'
          else ''
        end,
        v_trigger.level,
        case v_trigger.level when 'row' then 'tg__product_replicated' else 'tg__product_changed' end
      );
    end if;
    if v_trigger.attached or v_trigger.must_be_always then
      execute format(
        'alter table %s enable %s trigger %I', v_source, case when v_trigger.must_be_always then 'always' else '' end, v_trigger.trigger_name
      );
    end if;
  end loop;
  if v_log then
    insert into :PGVECTOR_SCHEMA.source_log (event, source_oid, triggers_attached) values ('attach', v_source, v_can_have);
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_triggers() is
  'Puts the triggers on the source that it lacks, and lets us read it. Raises PE001, PE002, and 42501 for who does not own the source.';
