/*
 * Always one row a product, whatever the last comparison found: for who reads many products or few,
 * where search has a cheaper way for its hits. The filter is asked of the row that counts, not of an
 * older one that would pass.
 */
create or replace function :PGVECTOR_SCHEMA.live_products_query(filter jsonb default null) returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format(
    $sql$
      select q.product_id, q.name, q.vendor_code, q.price
      from (
        select distinct on (1) %1$s as product_id, (%2$s) and (%3$s) as is_wanted,
          %4$s as name, %5$s as vendor_code, %6$s as price
        from %7$s s
        order by 1, %8$s, 3, 4, 5
      ) q
      where q.is_wanted and q.product_id is not null
    $sql$,
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s'),
    :PGVECTOR_SCHEMA.filter_sql('s', filter),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'price', 'numeric'),
    :PGVECTOR_SCHEMA.require_source(),
    :PGVECTOR_SCHEMA.first_row_sql('s')
  )
$$;

comment on function :PGVECTOR_SCHEMA.live_products_query(jsonb) is
  'The query for every live product that passes the filter: (product_id bigint, name text, vendor_code text, price numeric), one row each. Raises PE001, PE002, and for a filter what filter_sql() raises.';
