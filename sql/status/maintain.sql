/*
 * What nothing else would wake for: a lease that ran out with its worker, a wake-up that got lost,
 * vectors whose grace is over.
 */
create function :PGVECTOR_SCHEMA.maintain(worker text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.worker_seen(maintain.worker);
  delete from :PGVECTOR_SCHEMA.source_log l where l.logged_at < now() - interval '7 days';
  if :PGVECTOR_SCHEMA.source_relation() is null then
    return;
  end if;
  perform :PGVECTOR_SCHEMA.sweep_vanished();
  if exists (select from :PGVECTOR_SCHEMA.claimable_queue) then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.maintain(text) is
  'The worker''s round every minute: sign of life, vectors past their grace, old log rows, wake-up if anything waits.';
