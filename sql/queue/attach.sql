create or replace function :PGVECTOR_SCHEMA.attach() returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.attach_triggers();
  return :PGVECTOR_SCHEMA.reconcile();
end
$$;

comment on function :PGVECTOR_SCHEMA.attach() is
  'Puts the triggers on the source that it lacks and queues what changed meanwhile; returns how many products that were. Safe to repeat. Raises PE001, PE002, PE005.';
