/*
 * As attach_triggers(): run by the owner of the table, and only what is missing is made.
 */
create or replace function :PGVECTOR_SCHEMA.attach_related_triggers(relation_schema text, relation_name text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_trigger record;
begin
  for v_trigger in
    select t.relation_oid::regclass as relation, t.trigger_name, t.event, t.attached
    from :PGVECTOR_SCHEMA.related_triggers t
    -- What dbt builds as a view one day has none; the notes say so.
    join pg_class c on c.oid = t.relation_oid and c.relkind in ('r', 'p')
    where t.relation_schema = attach_related_triggers.relation_schema and t.relation_name = attach_related_triggers.relation_name
      and t.enabled is not true
  loop
    if v_trigger.attached then
      execute format('alter table %s enable trigger %I', v_trigger.relation, v_trigger.trigger_name);
    else
      execute format(
        'create or replace trigger %I after %s on %s %s for each statement execute function :PGVECTOR_SCHEMA.tg__related_changed()',
        v_trigger.trigger_name,
        v_trigger.event,
        v_trigger.relation,
        case v_trigger.event
          when 'insert' then 'referencing new table as new_rows'
          when 'update' then 'referencing old table as old_rows new table as new_rows'
          when 'delete' then 'referencing old table as old_rows'
          else ''
        end
      );
    end if;
  end loop;
  -- The hook reads it with our owner's rights.
  perform :PGVECTOR_SCHEMA.grant_read(c.oid)
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = attach_related_triggers.relation_schema and c.relname = attach_related_triggers.relation_name;
end
$$;

comment on function :PGVECTOR_SCHEMA.attach_related_triggers(text, text) is
  'Puts the triggers on a related table that it lacks, and lets us read it; no triggers on one that does not exist or is a view. Raises 42501 for who does not own it.';
