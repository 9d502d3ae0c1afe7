/*
 * dbt retypes a column by making a new one at the end, and a rebuilt table has its columns in another
 * order than one that grew. Neither changes a product, so neither may change its text: columns stay
 * in the order in which they were first seen. Filled by comparing.
 */
create table if not exists :PGVECTOR_SCHEMA.document_order (
  column_name text primary key,
  position bigint not null generated always as identity
);

comment on table  :PGVECTOR_SCHEMA.document_order is 'In which order the columns of the source are in a document: that in which they were first seen.';
comment on column :PGVECTOR_SCHEMA.document_order.column_name is 'Name of a column; it may be gone by now, and has its place back when it returns.';
comment on column :PGVECTOR_SCHEMA.document_order.position is 'Its place; columns that have none yet follow in the order of the table.';
