/*
 * The rows of the source that a search sees, one a product. Where ids stand in several rows, the newest
 * is found before anybody asks whether it is live and passes; elsewhere that goes into the condition,
 * where an index of the source can answer it.
 */
create or replace function :PGVECTOR_SCHEMA.source_rows_sql(
  source regclass, expressions :PGVECTOR_SCHEMA.source_expressions, among text, passes text, has_duplicates boolean
) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when has_duplicates then format(
      $sql$select distinct on (1) %1$s as product_id, %2$s as name, %3$s as vendor_code, %4$s as price, %5$s as passes
        from %6$s s where %7$s order by 1, %8$s, 2, 3, 4, 5$sql$,
      expressions.product_id, expressions.name, expressions.vendor_code, expressions.price, passes, source, among, expressions.newest_row
    )
    else format(
      'select %1$s as product_id, %2$s as name, %3$s as vendor_code, %4$s as price, true as passes from %5$s s where %6$s and %7$s',
      expressions.product_id, expressions.name, expressions.vendor_code, expressions.price, source, among, passes
    )
  end;
end
$$;

comment on function :PGVECTOR_SCHEMA.source_rows_sql(regclass, :PGVECTOR_SCHEMA.source_expressions, text, text, boolean) is
  'The query for rows of the source as (product_id, name, vendor_code, price, passes): among limits the ids, passes says which rows count.';
