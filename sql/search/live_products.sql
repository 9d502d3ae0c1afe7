create or replace function :PGVECTOR_SCHEMA.live_products(product_ids bigint[], filter jsonb default null)
returns table (product_id bigint, name text, vendor_code text, price numeric)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_source regclass;
  v_expressions :PGVECTOR_SCHEMA.source_expressions;
begin
  if filter is null and current_setting('transaction_isolation') = 'read committed' then
    begin
      return query
        select r.product_id, r.name, r.vendor_code, r.price
        from :PGVECTOR_SCHEMA.source_rows(live_products.product_ids, :PGVECTOR_SCHEMA.planned_signature()) r
        where r.passes;
      -- None may be because it is made for something else.
      if found then
        return;
      end if;
    exception when syntax_error_or_access_rule_violation or invalid_schema_name then
      -- So is what cannot even be planned any more.
      null;
    end;
  end if;
  v_source := :PGVECTOR_SCHEMA.lock_source();
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
