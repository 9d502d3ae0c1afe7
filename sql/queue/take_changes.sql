/*
 * Along the index, however many wait behind: the plan may be from when there was hardly any, and would read and sort them all.
 */
create or replace function :PGVECTOR_SCHEMA.take_changes(max_products integer)
returns table (change_id bigint, model_id integer, queued_at timestamptz, product_ids bigint[], is_bulk boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
begin
  return query
    with waiting as materialized (
      select
        c.change_id, c.is_bulk,
        rank() over (order by c.is_bulk) as lane,
        sum(c.products) over (order by c.is_bulk, c.change_id) - c.products as ahead
      from :PGVECTOR_SCHEMA.sized_changes c
    )
    delete from :PGVECTOR_SCHEMA.product_changes c
    using waiting w
    where w.change_id = c.change_id and w.lane = 1 and w.ahead < max_products
    returning c.change_id, c.model_id, c.queued_at, c.product_ids, w.is_bulk;
end
$$;

comment on function :PGVECTOR_SCHEMA.take_changes(integer) is
  'Deletes the rows of product_changes that are taken up next, of about max_products products, and returns them: those of small changes, or where there are none of large ones.';
