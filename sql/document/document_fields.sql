/*
 * Every column is in the document unless a row here says otherwise, so that a new column is found
 * without anybody's doing. Left out are the bookkeeping columns: of the feed (ingested_at moves at
 * every load, and with it in the text every load would encode everything again), of a dbt snapshot,
 * and whatever a loader marks as its own with a leading underscore (_fivetran_synced, _dlt_load_id).
 */
create table if not exists :PGVECTOR_SCHEMA.document_fields (
  column_name text primary key,
  included boolean not null default true
);

insert into :PGVECTOR_SCHEMA.document_fields (column_name, included)
values
  ('product_id', false), ('created_at', false), ('updated_at', false), ('ingested_at', false), ('deleted', false),
  ('dbt_scd_id', false), ('dbt_updated_at', false), ('dbt_valid_from', false), ('dbt_valid_to', false), ('dbt_is_deleted', false)
on conflict do nothing;

comment on table  :PGVECTOR_SCHEMA.document_fields is 'Columns of the source that are treated otherwise than by default; the default is to be in the document unless the name begins with an underscore.';
comment on column :PGVECTOR_SCHEMA.document_fields.column_name is 'Name of a column of the source; it need not exist.';
comment on column :PGVECTOR_SCHEMA.document_fields.included is 'Whether the column is part of the document.';
