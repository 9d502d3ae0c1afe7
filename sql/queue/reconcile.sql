/*
 * What no trigger saw: a table swapped, a trigger disabled, a vector written by hand. It queues and
 * does nothing else: the claim decides, in one place. Security definer, because dbt's role calls it
 * after a build and needs no right on our tables; what it found is kept for the status.
 */
create or replace function :PGVECTOR_SCHEMA.reconcile() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_log :PGVECTOR_SCHEMA.source_log;
  v_started timestamptz := clock_timestamp();
begin
  v_log.source_oid := :PGVECTOR_SCHEMA.lock_source();

  insert into :PGVECTOR_SCHEMA.document_order (column_name)
  select c.column_name
  from :PGVECTOR_SCHEMA.source_columns c
  where c.in_document and not exists (select from :PGVECTOR_SCHEMA.document_order o where o.column_name = c.column_name)
  order by c.position
  on conflict do nothing;
  perform :PGVECTOR_SCHEMA.note_expressions();

  with
    difference as materialized (
      select d.product_id, d.state, d.document_hash, d.has_words from :PGVECTOR_SCHEMA.embedding_difference() d
    ),
    queued as (
      insert into :PGVECTOR_SCHEMA.product_queue (product_id)
      select d.product_id
      from difference d
      left join :PGVECTOR_SCHEMA.:PGVECTOR_TABLE e on e.product_id = d.product_id
      left join :PGVECTOR_SCHEMA.product_failures f on f.product_id = d.product_id
      where
        case d.state
          -- A vanished product that is already marked waits for its grace period, not for a worker.
          when 'orphan' then e.vanished_at is null
          -- One that came back still has to lose its mark; the words of another may be missing.
          when 'current' then e.vanished_at is not null or d.has_words is not true
          else true
        end
        and not (f.set_aside is true and f.document_hash is not distinct from d.document_hash)
        -- Not what waits already, nor what is being encoded from the text that it has now.
        and not exists (
          select
          from :PGVECTOR_SCHEMA.product_queue q
          where q.product_id = d.product_id and (q.claim_id is null or q.document_hash = d.document_hash)
        )
      returning product_id
    )
  select
    count(*) filter (where d.state <> 'orphan'),
    count(*) filter (where d.state = 'missing'),
    count(*) filter (where d.state = 'stale'),
    count(*) filter (where d.state = 'orphan'),
    (select count(*) from queued)
  into v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued
  from difference d;

  if v_log.queued > 0 then
    perform :PGVECTOR_SCHEMA.wake_worker();
  end if;

  select s.unusable_ids, s.duplicate_ids, s.document_columns
  into v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns
  from :PGVECTOR_SCHEMA.source_shape() s;
  select bool_and(t.enabled is true) into v_log.triggers_attached from :PGVECTOR_SCHEMA.source_triggers t;

  insert into :PGVECTOR_SCHEMA.source_log (
    event, source_oid, triggers_attached, products, missing, stale, orphans, queued, unusable_ids, duplicate_ids, document_columns, seconds
  )
  values (
    'reconcile', v_log.source_oid, v_log.triggers_attached, v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued,
    v_log.unusable_ids, v_log.duplicate_ids, v_log.document_columns, round(extract(epoch from clock_timestamp() - v_started)::numeric, 3)
  );
  return v_log.queued;
end
$$;

revoke all on function :PGVECTOR_SCHEMA.reconcile() from public;

comment on function :PGVECTOR_SCHEMA.reconcile() is
  'Compares source and vectors and queues what differs; returns how many products. Needs no trigger. What it found is a row of source_log. Raises PE001, PE002, PE003, PE005.';
