/*
 * What nothing else would wake for: a lease that ran out with its worker, a wake-up that got lost,
 * vectors whose grace is over.
 */
create or replace function :PGVECTOR_SCHEMA.maintain(worker text) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform :PGVECTOR_SCHEMA.worker_seen(maintain.worker);
  delete from :PGVECTOR_SCHEMA.source_log l where l.logged_at < now() - interval '7 days'
    and l.log_id is distinct from (:PGVECTOR_SCHEMA.last_comparison()).log_id;
  delete from :PGVECTOR_SCHEMA.embedding_activity a where a.minute < now() - interval '7 days';
  begin
    perform :PGVECTOR_SCHEMA.sweep_vanished();
  exception when sqlstate 'PE001' or sqlstate 'PE002' or sqlstate 'PE005' then
    -- No source to look into: the sign of life stands all the same, and the status says what is wrong.
    return;
  end;
  perform :PGVECTOR_SCHEMA.refresh_word_statistics(only_if_due => true);
  perform :PGVECTOR_SCHEMA.keep_queries();
  if exists (select from :PGVECTOR_SCHEMA.claimable_queue) then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;
end
$$;

comment on function :PGVECTOR_SCHEMA.maintain(text) is
  'The worker''s round every minute: sign of life, vectors past their grace, word statistics, the cache of queries, old log rows, wake-up if anything waits.';
