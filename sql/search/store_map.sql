create or replace function :PGVECTOR_SCHEMA.store_map(product_ids bigint[], xs real[], ys real[]) returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows bigint;
begin
  -- Two workers may have drawn one; whoever comes second replaces what the first one stored.
  perform pg_advisory_xact_lock(hashtext(':PGVECTOR_SCHEMA.product_map'));
  delete from :PGVECTOR_SCHEMA.product_map;
  insert into :PGVECTOR_SCHEMA.product_map (product_id, x, y)
  select p.product_id, p.x, p.y
  from unnest(product_ids, xs, ys) p (product_id, x, y);
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function :PGVECTOR_SCHEMA.store_map(bigint[], real[], real[]) is
  'Puts a new map in the place of the old one: places of products, in one order; returns how many.';
