/*
 * What nothing else would wake for: a lease that ran out with its worker, a wake-up that got lost,
 * vectors whose grace is over.
 */
create or replace function :PGVECTOR_SCHEMA.maintain(worker text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  perform :PGVECTOR_SCHEMA.worker_seen(maintain.worker);
  delete from :PGVECTOR_SCHEMA.source_log l where l.logged_at < now() - interval '7 days'
    and l.log_id is distinct from (:PGVECTOR_SCHEMA.last_comparison()).log_id;
  delete from :PGVECTOR_SCHEMA.embedding_activity a where a.minute < now() - interval '7 days';
  begin
    perform :PGVECTOR_SCHEMA.sweep_vanished();
  exception when sqlstate 'PE001' or sqlstate 'PE002' or sqlstate 'PE003' or sqlstate 'PE005' or sqlstate 'PE029' then
    -- No source to look into, no vectors, or no hook to ask: the sign of life stands all the same, and the status says what is wrong.
    return;
  end;
  -- Noted by writers who did not see the first model yet.
  update :PGVECTOR_SCHEMA.product_queue q
  set model_id = :PGVECTOR_SCHEMA.active_model_id()
  where q.model_id = 0 and :PGVECTOR_SCHEMA.active_model_id() is not null;
  update :PGVECTOR_SCHEMA.product_changes c
  set model_id = :PGVECTOR_SCHEMA.active_model_id()
  where c.model_id = 0 and :PGVECTOR_SCHEMA.active_model_id() is not null;
  perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  perform :PGVECTOR_SCHEMA.keep_queries();
  if exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is null) then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'prepare_model');
  end if;
  -- A prepared model need not wait for the hour.
  if exists (select from :PGVECTOR_SCHEMA.model_preparation p where p.model_id is not null)
    and exists (select from :PGVECTOR_SCHEMA.index_due())
  then
    perform :PGVECTOR_SCHEMA.wake_worker(task => 'build_index');
  end if;
  if :PGVECTOR_SCHEMA.work_waits() then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.maintain(text) is
  'The round of a worker every minute, and of npm run embed at its end: sign of life, vectors past their grace, word statistics, the cache of queries, old log rows, wake-up if anything waits.';
