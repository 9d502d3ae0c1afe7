/*
 * Append-only, like the queue: the rows are written inside dbt's transaction, which may stay open for
 * long, and nobody must wait for it.
 */
create table :PGVECTOR_SCHEMA.source_log (
  log_id bigint generated always as identity primary key,
  logged_at timestamptz not null default clock_timestamp(),
  event text not null check (event in ('attach', 'reconcile')),
  queued bigint,
  error text
);

comment on table  :PGVECTOR_SCHEMA.source_log is 'What attaching and reconciling did in the last week.';
comment on column :PGVECTOR_SCHEMA.source_log.log_id is 'Order.';
comment on column :PGVECTOR_SCHEMA.source_log.logged_at is 'When.';
comment on column :PGVECTOR_SCHEMA.source_log.event is 'attach (triggers) or reconcile (comparison).';
comment on column :PGVECTOR_SCHEMA.source_log.queued is 'Products that were queued by a reconcile.';
comment on column :PGVECTOR_SCHEMA.source_log.error is 'Why it failed; null when it did not.';
