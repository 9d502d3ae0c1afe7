create or replace function :PGVECTOR_SCHEMA.fail_products(claim_id bigint, product_ids bigint[], errors text[]) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_settings :PGVECTOR_SCHEMA.settings;
  v_set_aside bigint;
begin
  select * into strict v_settings from :PGVECTOR_SCHEMA.settings s;

  with
    held as materialized (
      select q.queue_id, q.product_id, q.model_id, q.document_hash, q.attempts
      from :PGVECTOR_SCHEMA.product_queue q
      where q.claim_id = fail_products.claim_id and q.product_id = any (fail_products.product_ids)
      for update
    ),
    failed as (
      insert into :PGVECTOR_SCHEMA.product_failures as f (product_id, model_id, document_hash, attempts, error, set_aside)
      select distinct on (h.product_id) h.product_id, h.model_id, h.document_hash, h.attempts, left(g.error, 1000), h.attempts >= v_settings.max_attempts
      from held h
      join unnest(fail_products.product_ids, fail_products.errors) g (product_id, error) on g.product_id = h.product_id
      order by h.product_id, h.attempts desc
      on conflict (product_id, model_id) do update
      set document_hash = excluded.document_hash, attempts = excluded.attempts, error = excluded.error,
        failed_at = now(), set_aside = excluded.set_aside
      returning f.product_id, f.attempts, f.set_aside
    ),
    waiting as (
      update :PGVECTOR_SCHEMA.product_queue q
      set claim_id = null,
        available_at = now() + v_settings.retry_after * power(2, least(f.attempts - 1, 20))
      from held h
      join failed f on f.product_id = h.product_id
      where q.model_id = h.model_id and q.queue_id = h.queue_id and not f.set_aside
    ),
    done as (
      delete from :PGVECTOR_SCHEMA.product_queue q
      using held h, failed f
      where q.model_id = h.model_id and q.queue_id = h.queue_id and f.product_id = h.product_id and f.set_aside
    )
  select count(*) into v_set_aside from failed f where f.set_aside;

  perform :PGVECTOR_SCHEMA.note_activity(claim_id, 0, cardinality(product_ids));
  perform :PGVECTOR_SCHEMA.extend_claim(claim_id);
  return v_set_aside;
end
$$;

comment on function :PGVECTOR_SCHEMA.fail_products(bigint, bigint[], text[]) is
  'Notes that claimed products could not be encoded, each with its error: tried again later, or set aside after settings.max_attempts; returns how many were set aside.';
