/*
 * By name, as the source is: dbt makes these tables anew too.
 */
create table if not exists :PGVECTOR_SCHEMA.related_tables (
  relation_schema text not null,
  relation_name text not null,
  key_column text not null,
  product_column text not null,
  primary key (relation_schema, relation_name, key_column, product_column)
);

comment on table  :PGVECTOR_SCHEMA.related_tables is 'Tables whose rows are part of what products are: when a row changes, the products with its key are queued. attach_related() writes it.';
comment on column :PGVECTOR_SCHEMA.related_tables.relation_schema is 'Schema of the table.';
comment on column :PGVECTOR_SCHEMA.related_tables.relation_name is 'Name of the table.';
comment on column :PGVECTOR_SCHEMA.related_tables.key_column is 'Its column that products refer to.';
comment on column :PGVECTOR_SCHEMA.related_tables.product_column is 'The column of the source that refers to it.';
