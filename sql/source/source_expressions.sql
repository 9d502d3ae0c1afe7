/*
 * What a search asks of a source row, generated once for these columns instead of at each search,
 * where generating took longer than finding. Used only while the source has exactly these columns, so
 * it cannot be stale, and a search that finds it wanting generates its own: it must also work on a
 * standby. Workers may not write here: what stands here runs with our owner's rights.
 */
create table if not exists :PGVECTOR_SCHEMA.source_expressions (
  singleton boolean primary key default true check (singleton),
  columns text not null,
  product_id text not null,
  among text not null,
  is_live text not null,
  newest_row text not null,
  name text not null,
  vendor_code text not null,
  price text not null
);

comment on table  :PGVECTOR_SCHEMA.source_expressions is 'SQL over a source row s, kept by reconcile() for the columns that the source had.';
comment on column :PGVECTOR_SCHEMA.source_expressions.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.source_expressions.columns is 'Names and types of the columns that it was generated for (see source_signature).';
comment on column :PGVECTOR_SCHEMA.source_expressions.product_id is 'product_id_sql().';
comment on column :PGVECTOR_SCHEMA.source_expressions.among is 'product_ids_sql().';
comment on column :PGVECTOR_SCHEMA.source_expressions.is_live is 'product_is_live_sql().';
comment on column :PGVECTOR_SCHEMA.source_expressions.newest_row is 'newest_row_sql().';
comment on column :PGVECTOR_SCHEMA.source_expressions.name is 'source_column_sql() of name.';
comment on column :PGVECTOR_SCHEMA.source_expressions.vendor_code is 'source_column_sql() of vendor_code.';
comment on column :PGVECTOR_SCHEMA.source_expressions.price is 'source_column_sql() of price.';
