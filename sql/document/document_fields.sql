/*
 * Every column is in the document unless a row here says otherwise, so that a new column is found
 * without anybody's doing. The five rows are the bookkeeping columns of the feed: ingested_at moves
 * at every load, and with it in the text every load would encode everything again.
 */
create table :PGVECTOR_SCHEMA.document_fields (
  column_name text primary key,
  included boolean not null default true
);

insert into :PGVECTOR_SCHEMA.document_fields (column_name, included)
values ('product_id', false), ('created_at', false), ('updated_at', false), ('ingested_at', false), ('deleted', false);

comment on table  :PGVECTOR_SCHEMA.document_fields is 'Columns of the source that are treated otherwise than by default; the default is to be in the document.';
comment on column :PGVECTOR_SCHEMA.document_fields.column_name is 'Name of a column of the source; it need not exist.';
comment on column :PGVECTOR_SCHEMA.document_fields.included is 'Whether the column is part of the document.';
