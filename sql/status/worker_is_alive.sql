/*
 * For the probe of a container or a unit, which knows its host and not the worker's name. A task that
 * takes long, as building an index does, is no sign of death: hence half an hour, where the status, which
 * kills nobody, takes two minutes.
 */
create or replace function :PGVECTOR_SCHEMA.worker_is_alive(host text, within interval default '30 minutes') returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select
    from :PGVECTOR_SCHEMA.embedding_workers w
    where starts_with(w.worker, worker_is_alive.host || ':') and w.ended_at is null and w.last_seen_at > now() - worker_is_alive.within
  )
$$;

comment on function :PGVECTOR_SCHEMA.worker_is_alive(text, interval) is 'Whether a worker on this host gave a sign of life within this time; npm run alive asks it.';
