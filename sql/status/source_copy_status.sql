create or replace view :PGVECTOR_SCHEMA.source_copy_status as
  select
    o.host,
    o.port::integer as port,
    o.dbname as database,
    c.source_schema,
    c.source_table,
    c.copied_at,
    clock_timestamp() - c.copied_at as lag,
    c.watermark,
    c.rows,
    c.full_at,
    c.next_at,
    c.held,
    c.unusable_ids,
    c.duplicate_ids,
    c.error,
    c.failing_since
  from :PGVECTOR_SCHEMA.source_connection c
  left join (
    select
      max(v.option_value) filter (where v.option_name = 'host') as host,
      max(v.option_value) filter (where v.option_name = 'port') as port,
      max(v.option_value) filter (where v.option_name = 'dbname') as dbname
    from pg_catalog.pg_foreign_server s
    cross join lateral pg_catalog.pg_options_to_table(s.srvoptions) v
    where s.srvname = 'product_embeddings_source'
  ) o on true;

comment on view :PGVECTOR_SCHEMA.source_copy_status is 'How old the copy of the products of another database is, and what is wrong with it; no row when the source is in this one.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.host is 'Where they come from: the server, as this one reaches it.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.port is 'Its port.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.database is 'The database there.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.source_schema is 'The schema in it.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.source_table is 'The table or view.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.copied_at is 'As of when the copy is.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.lag is 'How long ago that is: what changed there since is not here yet.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.watermark is 'The newest times in the copy; null where no column tells, and every refresh compares all rows.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.rows is 'Products in the copy.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.full_at is 'When all rows were last compared, which finds deletes.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.next_at is 'When the worker looks again at the earliest.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.held is 'Products that are gone there and stay here, because too many vanished at once: release_copy() lets them go.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.unusable_ids is 'Rows there without a usable product_id; not copied.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.duplicate_ids is 'product_ids that stand in several rows there; the newest is copied.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.error is 'Why the last refresh failed; null when it did not.';
comment on column :PGVECTOR_SCHEMA.source_copy_status.failing_since is 'Since when none came through.';
