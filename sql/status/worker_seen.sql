create or replace function :PGVECTOR_SCHEMA.worker_seen(worker text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.embedding_workers as w (worker)
  values (worker_seen.worker)
  on conflict (worker) do update set last_seen_at = now(), ended_at = null;

  delete from :PGVECTOR_SCHEMA.embedding_workers w where w.last_seen_at < now() - interval '1 day'
$$;

comment on function :PGVECTOR_SCHEMA.worker_seen(text) is 'Notes a sign of life of a worker.';
