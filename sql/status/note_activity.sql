create or replace function :PGVECTOR_SCHEMA.note_activity(claim_id bigint, stored bigint, failed bigint) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into :PGVECTOR_SCHEMA.embedding_activity as a (minute, worker, model_id, stored, failed, started_at)
  select
    date_trunc('minute', clock_timestamp()), c.worker, c.model_id, note_activity.stored, note_activity.failed,
    greatest(c.claimed_at, date_trunc('minute', clock_timestamp()))
  from :PGVECTOR_SCHEMA.product_claims c
  where c.claim_id = note_activity.claim_id
  on conflict (minute, worker, model_id) do update set stored = a.stored + excluded.stored, failed = a.failed + excluded.failed
$$;

comment on function :PGVECTOR_SCHEMA.note_activity(bigint, bigint, bigint) is 'Counts what a claim stored and failed in this minute.';
