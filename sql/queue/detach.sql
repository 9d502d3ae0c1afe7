create or replace function :PGVECTOR_SCHEMA.detach() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.source_relation();
  v_trigger_name text;
begin
  -- Also those of the other level, from before the table was a subscription's or from then.
  for v_trigger_name in
    select g.tgname
    from pg_trigger g
    join pg_proc p on p.oid = g.tgfoid
    join pg_namespace n on n.oid = p.pronamespace
    where g.tgrelid = v_source and n.nspname = ':PGVECTOR_SCHEMA' and p.proname in ('tg__product_changed', 'tg__product_replicated')
  loop
    execute format('drop trigger %I on %s', v_trigger_name, v_source);
  end loop;
end
$$;

comment on function :PGVECTOR_SCHEMA.detach() is
  'Takes our triggers off the source; vectors, queue and search stay, and what changes is still found by comparing. Safe to repeat.';
