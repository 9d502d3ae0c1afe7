create or replace function :PGVECTOR_SCHEMA.live_products(product_ids bigint[], filter jsonb default null)
returns table (product_id bigint, name text, vendor_code text, price numeric)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_expressions :PGVECTOR_SCHEMA.source_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
begin
  return query execute format(
    'select distinct on (1) p.product_id, p.name, p.vendor_code, p.price from (%s) p where p.passes order by 1, 2, 3, 4',
    :PGVECTOR_SCHEMA.source_rows_sql(
      v_source, v_expressions, v_expressions.among,
      concat_ws(' and ', v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', filter)),
      coalesce((:PGVECTOR_SCHEMA.last_comparison()).duplicate_ids > 0, false)
    )
  ) using product_ids;
end
$$;

comment on function :PGVECTOR_SCHEMA.live_products(bigint[], jsonb) is
  'Name, code and price of those of these products that are live and pass the filter. Raises PE001, PE002, PE005, PE015, PE016.';
