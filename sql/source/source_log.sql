/*
 * Append-only, like the queue: the rows are written inside dbt's transaction, which may stay open for
 * long, and nobody must wait for it. The status reads the last comparison from here, so that a
 * dashboard need not compare a million products at every look.
 */
create table if not exists :PGVECTOR_SCHEMA.source_log (
  log_id bigint generated always as identity primary key,
  logged_at timestamptz not null default clock_timestamp(),
  event text not null check (event in ('attach', 'reconcile')),
  error text,
  source_oid oid,
  triggers_attached boolean,
  products bigint,
  missing bigint,
  stale bigint,
  orphans bigint,
  queued bigint,
  unusable_ids bigint,
  duplicate_ids bigint,
  document_columns text[],
  seconds numeric
);

comment on table  :PGVECTOR_SCHEMA.source_log is 'What attaching and reconciling did in the last week, and what the comparisons found.';
comment on column :PGVECTOR_SCHEMA.source_log.log_id is 'Order.';
comment on column :PGVECTOR_SCHEMA.source_log.logged_at is 'When it was through.';
comment on column :PGVECTOR_SCHEMA.source_log.event is 'attach (triggers put on) or reconcile (comparison).';
comment on column :PGVECTOR_SCHEMA.source_log.error is 'Why it failed; null when it did not. The columns below are null then.';
comment on column :PGVECTOR_SCHEMA.source_log.source_oid is 'The relation that it was: another one is there after dbt rebuilt the table.';
comment on column :PGVECTOR_SCHEMA.source_log.triggers_attached is 'Whether it had all triggers, enabled.';
comment on column :PGVECTOR_SCHEMA.source_log.products is 'Reconcile: live products.';
comment on column :PGVECTOR_SCHEMA.source_log.missing is 'Reconcile: of these, without a vector.';
comment on column :PGVECTOR_SCHEMA.source_log.stale is 'Reconcile: of these, with a vector of another text or model.';
comment on column :PGVECTOR_SCHEMA.source_log.orphans is 'Reconcile: vectors without a live product.';
comment on column :PGVECTOR_SCHEMA.source_log.queued is 'Reconcile: products that it queued; what waited already, or was set aside, is not queued again.';
comment on column :PGVECTOR_SCHEMA.source_log.unusable_ids is 'Reconcile: rows whose product_id is null or no whole number; they are no products here.';
comment on column :PGVECTOR_SCHEMA.source_log.duplicate_ids is 'Reconcile: product_ids that stand in several rows; the newest row counts.';
comment on column :PGVECTOR_SCHEMA.source_log.document_columns is 'Reconcile: the columns that were in the documents.';
comment on column :PGVECTOR_SCHEMA.source_log.seconds is 'Reconcile: how long it took.';
