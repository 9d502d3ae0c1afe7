/*
 * Where the products come from when they are in another database, how often they are copied, and how
 * the last copying went. The address is the foreign server's and the login its user mapping's, which a
 * reader of this table does not see.
 */
create table if not exists :PGVECTOR_SCHEMA.source_connection (
  singleton boolean primary key default true check (singleton),
  source_schema text not null,
  source_table text not null,
  refresh_every interval not null default '1 minute' check (refresh_every > '0'),
  full_every interval not null default '1 hour' check (full_every > '0'),
  time_columns text[],
  overlap interval not null default '10 minutes' check (overlap >= '0'),
  time_limit interval not null default '10 minutes' check (time_limit > '0'),
  connected_at timestamptz not null default now(),
  copied_at timestamptz,
  full_at timestamptz,
  next_at timestamptz,
  watermark text,
  seen text[],
  rows bigint,
  held bigint not null default 0,
  unusable_ids bigint,
  duplicate_ids bigint,
  error text,
  failing_since timestamptz
);

comment on table  :PGVECTOR_SCHEMA.source_connection is 'Where products of another database come from, in one row; empty when the source is in this one. The first settings may be updated in place.';
comment on column :PGVECTOR_SCHEMA.source_connection.singleton is 'Always true: there is one row.';
comment on column :PGVECTOR_SCHEMA.source_connection.source_schema is 'Schema of the products there.';
comment on column :PGVECTOR_SCHEMA.source_connection.source_table is 'Their table or view there.';
comment on column :PGVECTOR_SCHEMA.source_connection.refresh_every is 'How often the worker takes up changes; less often when that would take more than a tenth of the time.';
comment on column :PGVECTOR_SCHEMA.source_connection.full_every is 'How often it compares all rows, which finds deletes and what no time column tells.';
comment on column :PGVECTOR_SCHEMA.source_connection.time_columns is 'Columns of times that tell what changed; null for whichever of updated_at, ingested_at and dbt_valid_from are times. Without any, each refresh compares all rows.';
comment on column :PGVECTOR_SCHEMA.source_connection.overlap is 'So far before the newest time it looks again, for what was committed late.';
comment on column :PGVECTOR_SCHEMA.source_connection.time_limit is 'A worker gives a refresh up after that.';
comment on column :PGVECTOR_SCHEMA.source_connection.connected_at is 'When connect_source() was last called.';
comment on column :PGVECTOR_SCHEMA.source_connection.copied_at is 'As of when the copy is: the start of the last refresh that came through.';
comment on column :PGVECTOR_SCHEMA.source_connection.full_at is 'Start of the last one that compared all rows.';
comment on column :PGVECTOR_SCHEMA.source_connection.next_at is 'When the worker tries again at the earliest.';
comment on column :PGVECTOR_SCHEMA.source_connection.watermark is 'The newest times in the copy; null where no column tells.';
comment on column :PGVECTOR_SCHEMA.source_connection.seen is 'For each time column, what is there from the overlap before that on, as count and sum; while it is the same nothing is fetched for it.';
comment on column :PGVECTOR_SCHEMA.source_connection.rows is 'Products in the copy.';
comment on column :PGVECTOR_SCHEMA.source_connection.held is 'Products that are gone there and stay in the copy, because too many vanished at once.';
comment on column :PGVECTOR_SCHEMA.source_connection.unusable_ids is 'Rows there without a usable product_id, by the last comparison of all rows; not copied.';
comment on column :PGVECTOR_SCHEMA.source_connection.duplicate_ids is 'product_ids that stand in several rows there, likewise; the newest is copied.';
comment on column :PGVECTOR_SCHEMA.source_connection.error is 'Why the last refresh failed; null when it did not.';
comment on column :PGVECTOR_SCHEMA.source_connection.failing_since is 'Since when none came through.';
