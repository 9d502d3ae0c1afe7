/*
 * Small changes overtake large ones, but for a tenth: however many come, a backfill goes on. Along the index, however
 * many wait behind: of a queue that nobody analyzed yet, as after a load, the planner would look at all and sort them.
 */
create or replace function :PGVECTOR_SCHEMA.first_claimable(model_id integer, max_products integer) returns bigint[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_bitmapscan = off
set enable_sort = off
as $$
#variable_conflict use_column
declare
  v_bulk bigint[] := array(
    select q.product_id
    from :PGVECTOR_SCHEMA.claimable_queue q
    where q.model_id = first_claimable.model_id and q.is_bulk
    order by q.queue_id
    limit max_products
  );
  v_urgent bigint[] := array(
    select q.product_id
    from :PGVECTOR_SCHEMA.claimable_queue q
    where q.model_id = first_claimable.model_id and not q.is_bulk
    order by q.queue_id
    limit max_products - least(cardinality(v_bulk), max_products / 10)
  );
begin
  return v_urgent || v_bulk[1 : max_products - cardinality(v_urgent)];
end
$$;

comment on function :PGVECTOR_SCHEMA.first_claimable(integer, integer) is
  'The products that a model''s worker would take up first; one may stand there several times.';
