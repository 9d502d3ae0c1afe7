/*
 * From the data, not from the queue: after a table swap without triggers the queue is empty and
 * says nothing, and just then the numbers matter. It answers also while the source is missing.
 */
create function :PGVECTOR_SCHEMA.compute_status() returns table (
  source text,
  source_exists boolean,
  products bigint,
  embedded bigint,
  coverage numeric,
  missing bigint,
  stale bigint,
  orphans bigint,
  held bigint,
  queued bigint,
  claimed bigint,
  failed bigint,
  oldest_wait interval,
  triggers_attached boolean,
  worker_last_seen timestamptz,
  model text,
  dimension integer
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  select format('%I.%I', s.source_schema, s.source_table) into source from :PGVECTOR_SCHEMA.settings s;
  source_exists := :PGVECTOR_SCHEMA.source_relation() is not null;

  if source_exists then
    select
      count(*) filter (where d.state <> 'orphan'),
      count(*) filter (where d.state in ('current', 'stale')),
      count(*) filter (where d.state = 'missing'),
      count(*) filter (where d.state = 'stale'),
      count(*) filter (where d.state = 'orphan')
    into products, embedded, missing, stale, orphans
    from :PGVECTOR_SCHEMA.embedding_difference() d;
    -- Cut and not rounded: one product missing of a million is not 100 percent.
    coverage := trunc(100.0 * embedded / nullif(products, 0), 2);
  end if;

  select count(*) filter (where v.held) into held from :PGVECTOR_SCHEMA.vanished_products() v;

  select count(distinct q.product_id), clock_timestamp() - min(q.queued_at)
  into queued, oldest_wait
  from :PGVECTOR_SCHEMA.product_queue q;

  select count(distinct q.product_id) into claimed
  from :PGVECTOR_SCHEMA.product_queue q
  join :PGVECTOR_SCHEMA.product_claims c on c.claim_id = q.claim_id
  where c.lease_until > clock_timestamp();

  select count(*) into failed from :PGVECTOR_SCHEMA.product_failures f where f.set_aside;
  select coalesce(bool_and(t.enabled is true), false) into triggers_attached from :PGVECTOR_SCHEMA.source_triggers t;
  select max(w.last_seen_at) into worker_last_seen from :PGVECTOR_SCHEMA.embedding_workers w;
  select m.name || ' (' || m.revision || ', ' || m.precision || ')', m.dimension
  into model, dimension
  from :PGVECTOR_SCHEMA.embedding_models m
  where m.is_active;
  return next;
end
$$;

comment on function :PGVECTOR_SCHEMA.compute_status() is
  'What embedding_status shows. Raises PE002, PE003.';
