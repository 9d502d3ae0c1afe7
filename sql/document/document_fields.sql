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

alter table :PGVECTOR_SCHEMA.document_fields
  add column if not exists label text,
  add column if not exists position integer,
  add column if not exists word_class text check (word_class in ('A', 'B', 'C', 'D')),
  add column if not exists weight double precision check (weight between 0.001 and 1000);

-- Only into an empty table: a row that somebody deleted does not come back with an upgrade.
insert into :PGVECTOR_SCHEMA.document_fields (column_name, included)
select c.column_name, false
from unnest(:PGVECTOR_SCHEMA.bookkeeping_columns()) c (column_name)
where not exists (select from :PGVECTOR_SCHEMA.document_fields);

comment on table  :PGVECTOR_SCHEMA.document_fields is 'Columns of the source that are treated otherwise than by default; the default is to be in the document unless the name begins with an underscore. set_fields() changes it.';
comment on column :PGVECTOR_SCHEMA.document_fields.column_name is 'Name of a column of the source; it need not exist.';
comment on column :PGVECTOR_SCHEMA.document_fields.included is 'Whether the column is part of the document.';
comment on column :PGVECTOR_SCHEMA.document_fields.label is 'What stands before the value; null is the column''s name, an empty one is nothing.';
comment on column :PGVECTOR_SCHEMA.document_fields.position is 'Place in the document; columns without one follow in the order of document_order.';
comment on column :PGVECTOR_SCHEMA.document_fields.word_class is 'What its words count: A as those of a name (1), B (0.7), C (0.55) or D (0.4); null is A for name and D for others.';
comment on column :PGVECTOR_SCHEMA.document_fields.weight is 'What the column counts in the vector: columns of one weight are encoded together, and the vectors are added by weight; null is 1.';
