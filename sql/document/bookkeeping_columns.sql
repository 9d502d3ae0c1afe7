create or replace function :PGVECTOR_SCHEMA.bookkeeping_columns() returns text[]
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select array[
    'product_id', 'created_at', 'updated_at', 'ingested_at', 'deleted',
    'dbt_scd_id', 'dbt_updated_at', 'dbt_valid_from', 'dbt_valid_to', 'dbt_is_deleted'
  ]
$$;

comment on function :PGVECTOR_SCHEMA.bookkeeping_columns() is 'Columns that are left out of the document unless somebody puts them in.';
