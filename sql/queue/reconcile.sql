/*
 * What no trigger saw: a table swapped, a trigger disabled, a vector written by hand. It queues and
 * does nothing else: the claim decides, in one place. Security definer, because dbt's role calls it
 * after a build and needs no right on our tables; what it found is kept for the status.
 */
create or replace function :PGVECTOR_SCHEMA.reconcile() returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
-- While much waits, compiling took seconds, and comparing a few hundred products milliseconds.
set jit = off
as $$
declare
  v_log :PGVECTOR_SCHEMA.source_log;
  v_queued_otherwise bigint;
  v_started timestamptz := clock_timestamp();
begin
  v_log.source_oid := :PGVECTOR_SCHEMA.lock_source();

  perform :PGVECTOR_SCHEMA.remember_order();
  select q.products, q.missing, q.stale, q.orphans, q.queued
  into v_log.products, v_log.missing, v_log.stale, v_log.orphans, v_log.queued
  from :PGVECTOR_SCHEMA.queue_difference(coalesce(:PGVECTOR_SCHEMA.active_model_id(), 0)) q;
  select coalesce(sum(q.queued), 0) into v_queued_otherwise
  from (select m.model_id from :PGVECTOR_SCHEMA.embedding_models m where m.is_kept offset 0) m
  cross join lateral :PGVECTOR_SCHEMA.queue_difference(m.model_id) q;

  -- Not before, or nothing that waits would be left to wait (see queue_difference).
  perform :PGVECTOR_SCHEMA.note_expressions();
  if v_log.queued + v_queued_otherwise > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
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
  'Compares source and vectors, of all models that are kept, and queues what differs; returns how many products it queued for the active one. Needs no trigger. What it found is a row of source_log. Raises PE001, PE002, PE003, PE005, PE029.';
