create or replace function :PGVECTOR_SCHEMA.live_products(product_ids bigint[], filter jsonb default null)
returns table (product_id bigint, name text, vendor_code text, price numeric)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_source regclass := :PGVECTOR_SCHEMA.lock_source();
  v_signature text := :PGVECTOR_SCHEMA.source_signature(v_source);
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
begin
  if filter is null and exists (select from :PGVECTOR_SCHEMA.source_expressions e where e.columns = v_signature) then
    return query
      select r.product_id, r.name, r.vendor_code, r.price
      from :PGVECTOR_SCHEMA.source_rows(live_products.product_ids, v_signature) r
      where r.passes;
    -- None may be because it is made for something else.
    if found then
      return;
    end if;
  end if;
  v_expressions := :PGVECTOR_SCHEMA.current_expressions(v_source);
  return query execute format(
    'select r.product_id, r.name, r.vendor_code, r.price from (%s) r where r.passes',
    :PGVECTOR_SCHEMA.source_rows_sql(
      v_source, v_expressions, v_expressions.among,
      concat_ws(' and ', v_expressions.is_live, :PGVECTOR_SCHEMA.filter_sql('s', filter)),
      true
    )
  ) using product_ids;
end
$$;

comment on function :PGVECTOR_SCHEMA.live_products(bigint[], jsonb) is
  'Name, code and price of those of these products that are live and pass the filter. Raises PE001, PE002, PE005, PE015, PE016.';
