create or replace function :PGVECTOR_SCHEMA.retry_failed(product_id bigint default null) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_rows bigint;
begin
  with
    forgiven as (
      delete from :PGVECTOR_SCHEMA.product_failures f
      where retry_failed.product_id is null or f.product_id = retry_failed.product_id
      returning f.product_id, f.model_id
    ),
    -- What still waits for its next attempt need not wait any longer.
    hurried as (
      update :PGVECTOR_SCHEMA.product_queue q
      set available_at = now(), attempts = 0
      from forgiven f
      where q.product_id = f.product_id and q.model_id = f.model_id and q.claim_id is null
    )
  insert into :PGVECTOR_SCHEMA.product_queue (product_id, model_id)
  select f.product_id, f.model_id from forgiven f;
  get diagnostics v_rows = row_count;
  if v_rows > 0 then
    perform :PGVECTOR_SCHEMA.announce_changes();
  end if;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.retry_failed(bigint) is
  'Tries failed products again at once, all of them when null; returns how many.';
