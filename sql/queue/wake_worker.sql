/*
 * The key is the transaction's: with one key for all, the second writer would wait for the first
 * one's commit, and finishing a job for an open writer. A wake-up that cannot be left (no worker
 * schema, a broken one) must not cost the caller its statement: what is to do stands in a table, at which
 * the worker looks every minute by itself. A change of products needs no job (see announce_changes).
 */
create or replace function :PGVECTOR_SCHEMA.wake_worker(run_at timestamptz default null, task text default 'embed_products') returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform graphile_worker.add_job(
    wake_worker.task,
    run_at => wake_worker.run_at,
    max_attempts => 5,
    job_key => wake_worker.task || ':' || pg_current_xact_id()::text
  );
exception when others then
  raise warning 'The embedding worker could not be woken: %', sqlerrm
    using hint = 'What is to do is noted and will be taken up within a minute of the worker running. npm run migrate repairs its schema.';
end
$$;

revoke all on function :PGVECTOR_SCHEMA.wake_worker(timestamptz, text) from public;

comment on function :PGVECTOR_SCHEMA.wake_worker(timestamptz, text) is
  'Leaves one wake-up a transaction and task for the worker, at once or at run_at. Never fails.';
