create or replace function :PGVECTOR_SCHEMA.detach() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.source_relation();
  v_trigger_name text;
begin
  for v_trigger_name in select t.trigger_name from :PGVECTOR_SCHEMA.source_triggers t where t.attached loop
    execute format('drop trigger %I on %s', v_trigger_name, v_source);
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.detach() is
  'Takes our triggers off the source; vectors, queue and search stay, and what changes is still found by comparing. Safe to repeat.';
