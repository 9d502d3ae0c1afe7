/*
 * Rows that nothing says the order of are told apart by what a search shows, so that it is the one whose text was encoded.
 */
create or replace function :PGVECTOR_SCHEMA.first_row_sql(alias text) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return concat_ws(
    ', ',
    :PGVECTOR_SCHEMA.newest_row_sql(alias),
    :PGVECTOR_SCHEMA.source_column_sql(alias, 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql(alias, 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql(alias, 'price', 'numeric')
  );
end
$$;

comment on function :PGVECTOR_SCHEMA.first_row_sql(text) is
  'SQL order that puts the row first that counts where a product_id stands in several: as newest_row_sql() says, then the first by name, code and price. alias names the row.';
