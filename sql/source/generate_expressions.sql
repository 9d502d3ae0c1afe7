create or replace function :PGVECTOR_SCHEMA.generate_expressions() returns :PGVECTOR_SCHEMA.source_expressions
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select
    true,
    :PGVECTOR_SCHEMA.source_signature(:PGVECTOR_SCHEMA.require_source()),
    :PGVECTOR_SCHEMA.product_id_sql('s'),
    :PGVECTOR_SCHEMA.product_ids_sql('s'),
    :PGVECTOR_SCHEMA.product_is_live_sql('s'),
    :PGVECTOR_SCHEMA.first_row_sql('s'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'name', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'vendor_code', 'text'),
    :PGVECTOR_SCHEMA.source_column_sql('s', 'price', 'numeric')
$$;

comment on function :PGVECTOR_SCHEMA.generate_expressions() is 'The row of source_expressions for the source as it is now. Raises PE001, PE002.';
