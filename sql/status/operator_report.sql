/*
 * With the caller's rights: failures and the log are an operator's to see and not every reader's.
 */
create or replace function :PGVECTOR_SCHEMA.operator_report() returns jsonb
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'failures', coalesce((
      select jsonb_agg(to_jsonb(f) order by f.failed_at desc, f.product_id)
      from (
        select f.product_id::text, f.attempts, f.error, f.failed_at, f.set_aside
        from :PGVECTOR_SCHEMA.product_failures f
        order by f.failed_at desc, f.product_id
        limit 100
      ) f
    ), '[]'),
    'failures_in_all', (select count(*) from :PGVECTOR_SCHEMA.product_failures),
    'log', coalesce((
      select jsonb_agg(to_jsonb(l) order by l.log_id desc)
      from (
        select l.log_id, l.logged_at, l.event, l.error, l.products, l.missing, l.stale, l.orphans, l.queued, l.seconds
        from :PGVECTOR_SCHEMA.source_log l
        order by l.log_id desc
        limit 20
      ) l
    ), '[]'),
    'activity', coalesce((
      select jsonb_agg(to_jsonb(a) order by a.minute)
      from (
        select a.minute, sum(a.stored) as stored, sum(a.failed) as failed
        from :PGVECTOR_SCHEMA.embedding_activity a
        where a.minute > now() - interval '1 hour'
        group by a.minute
      ) a
    ), '[]'),
    'workers', coalesce((
      select jsonb_agg(to_jsonb(w) order by w.last_seen_at desc)
      from (
        select w.worker, w.started_at, w.last_seen_at, w.ended_at is null and w.last_seen_at > now() - interval '2 minutes' as alive
        from :PGVECTOR_SCHEMA.embedding_workers w
        order by w.last_seen_at desc
        limit 20
      ) w
    ), '[]'),
    'models', coalesce((
      select jsonb_agg(to_jsonb(m) order by m.state = 'active' desc, m.model_id)
      from (
        select m.model_id, m.name, m.revision, m.precision, m.dimension, m.state, m.coverage, m.queued, m.time_to_go, m.error
        from :PGVECTOR_SCHEMA.model_status m
      ) m
    ), '[]'),
    'indexes', coalesce((
      select jsonb_agg(to_jsonb(i) order by i.index_name)
      from (
        select i.index_name, i.method, i.type, i.valid, i.serves_search, i.phase, i.percent, pg_size_pretty(i.bytes) as size
        from :PGVECTOR_SCHEMA.vector_indexes i
      ) i
    ), '[]')
  )
$$;

comment on function :PGVECTOR_SCHEMA.operator_report() is
  'What an operator looks at beside embedding_status, as one object: the last failures, comparisons, workers, models, indexes, and what was encoded each minute of the last hour. Raises PE002, PE003.';
