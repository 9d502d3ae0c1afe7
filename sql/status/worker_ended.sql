create or replace function :PGVECTOR_SCHEMA.worker_ended(worker text) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  update :PGVECTOR_SCHEMA.embedding_workers w set ended_at = now() where w.worker = worker_ended.worker
$$;

comment on function :PGVECTOR_SCHEMA.worker_ended(text) is 'Notes that a worker ended in order, so that nobody waits for it.';
